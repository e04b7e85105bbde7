import type { SourceSeq } from '../../protocol/checkpoint.ts'
import type { Change, ChangesBatch, ChangesRequest } from '../peer.ts'
import { retrying, waitToRetry } from '../retry.ts'
import { wait } from '../wait.ts'
import { checkHeld, chunks, discard, notJson } from './answer.ts'
import type { Answer } from './answer.ts'
import { changesRequest } from './changes-query.ts'
import type { HttpClient } from './http-client.ts'
import { LineSplitter } from './lines.ts'
import { RowsScanner } from './rows-scanner.ts'

interface Row {
  readonly seq: SourceSeq
  readonly id: string
  readonly changes: readonly { readonly rev: string }[]
}

/** A peer that ends a continuous feed is not asked again at once. */
const RECONNECT_MS = 500

/** A feed over HTTP; when the connection is lost it is opened again at the last row that was received. */
export async function* readChanges(
  client: HttpClient,
  request: ChangesRequest,
  signal: AbortSignal,
): AsyncGenerator<ChangesBatch> {
  let since = request.since
  for (let failures = 0, opened = 0; ;) {
    const answer = await open(client, request, since, signal)
    if (opened++ > 0) request.reopened?.()
    const read = request.feed === 'normal' ? normal(answer) : continuous(answer)
    try {
      for await (const batch of split(read, request.batchSize)) {
        failures = 0
        since = batch.seq
        yield batch
      }
      if (request.feed === 'normal') return
      await wait(RECONNECT_MS, signal)
    } catch (error) {
      await waitToRetry(client.retryPolicy, error, ++failures, signal)
    } finally {
      discard(answer)
    }
  }
}

function open(
  client: HttpClient,
  request: ChangesRequest,
  since: SourceSeq,
  signal: AbortSignal,
): Promise<Answer> {
  const asked = changesRequest(request, since, client.timeoutMs)
  return retrying(client.retryPolicy, signal, () => client.open(asked, [200], signal, async answer => answer))
}

async function* normal(answer: Answer): AsyncGenerator<ChangesBatch> {
  const scanner = new RowsScanner()
  for await (const chunk of chunks(answer)) {
    const rows = parse<Row>(`[${scanner.push(chunk)}]`, answer)
    checkHeld(answer, scanner.held)
    const last = rows.at(-1)
    if (last) yield { rows: rows.map(change), seq: last.seq }
  }
  if (!scanner.complete) throw notJson(answer)
}

async function* continuous(answer: Answer): AsyncGenerator<ChangesBatch> {
  const lines = new LineSplitter()
  for await (const chunk of chunks(answer)) {
    const text = lines.push(chunk).trim()
    checkHeld(answer, lines.held)
    if (text === '') continue
    const parsed = parse<Row & { last_seq?: SourceSeq }>(`[${text.replace(/\n+/g, ',')}]`, answer)
    const rows = parsed.filter(row => row.last_seq === undefined)
    const last = parsed.at(-1)
    if (last) yield { rows: rows.map(change), seq: last.last_seq ?? last.seq }
  }
}

function parse<T>(text: string, answer: Answer): T[] {
  try {
    return JSON.parse(text) as T[]
  } catch (cause) {
    throw notJson(answer, cause)
  }
}

function change({ seq, id, changes }: Row): Change {
  return { seq, id, revs: changes.map(({ rev }) => rev) }
}

async function* split(batches: AsyncIterable<ChangesBatch>, size: number): AsyncGenerator<ChangesBatch> {
  for await (const batch of batches) {
    let at = 0
    for (; batch.rows.length - at > size; at += size) {
      const rows = batch.rows.slice(at, at + size)
      yield { rows, seq: rows.at(-1)?.seq ?? batch.seq }
    }
    yield at === 0 ? batch : { rows: batch.rows.slice(at), seq: batch.seq }
  }
}
