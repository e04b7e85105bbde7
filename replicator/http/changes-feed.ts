import type { SourceSeq } from '../../protocol/checkpoint.ts'
import type { Change, ChangesBatch, ChangesRequest } from '../peer.ts'
import { retrying, waitToRetry } from '../retry.ts'
import { wait } from '../wait.ts'
import { PeerError } from '../peer-error.ts'
import { checkHeld, chunks, discard, notJson, otherShape } from './answer.ts'
import type { PeerAnswer } from './answer.ts'
import { changesRequest } from './changes-query.ts'
import type { HttpClient } from './http-client.ts'
import { LineSplitter } from './lines.ts'
import { RowsScanner } from './rows-scanner.ts'
import { change, isObject, isSeq } from './shapes.ts'
import { RowPace } from './watched-body.ts'

/** Milliseconds before a feed that its peer ended is requested again. */
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
    const read = request.feed === 'normal' ? normal(answer) : continuous(answer, request.heartbeat)
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
): Promise<PeerAnswer> {
  const asked = changesRequest(request, since, client.timeoutMs)
  return retrying(client.retryPolicy, signal, () => client.open(asked, [200], signal, async answer => answer))
}

async function* normal(answer: PeerAnswer): AsyncGenerator<ChangesBatch> {
  const scanner = new RowsScanner()
  const pace = new RowPace(answer.request, answer.pace)
  for await (const chunk of chunks(answer)) {
    const text = scanner.push(chunk)
    checkHeld(answer, scanner.held, answer.limits.maxRow)
    pace.check(scanner.held, text !== '')
    const rows = parse(text, answer).map(row => changeOf(row, answer))
    const last = rows.at(-1)
    if (last) yield { rows, seq: last.seq }
  }
  if (!scanner.complete) throw notJson(answer)
}

async function* continuous(answer: PeerAnswer, heartbeat?: () => void): AsyncGenerator<ChangesBatch> {
  const lines = new LineSplitter()
  const pace = new RowPace(answer.request, answer.pace)
  for await (const chunk of chunks(answer)) {
    const text = lines.push(chunk).trim()
    checkHeld(answer, lines.held, answer.limits.maxRow)
    pace.check(lines.held, text !== '')
    if (text === '') {
      if (lines.held === 0) heartbeat?.()
      continue
    }
    const parsed = parse(text.replace(/\n+/g, ','), answer)
    const rows: Change[] = []
    let seq: SourceSeq | undefined
    for (const row of parsed) {
      seq = endOf(row)
      if (seq !== undefined) continue
      const read = changeOf(row, answer)
      rows.push(read)
      seq = read.seq
    }
    if (seq !== undefined) yield { rows, seq }
  }
}

/** @param rows the elements of a JSON array */
function parse(rows: string, answer: PeerAnswer): unknown[] {
  try {
    return JSON.parse(`[${rows}]`) as unknown[]
  } catch (cause) {
    throw notJson(answer, cause)
  }
}

/** Returns the last sequence from the row that ends a feed; undefined for other rows. */
function endOf(row: unknown): SourceSeq | undefined {
  return isObject(row) && isSeq(row.last_seq) ? row.last_seq : undefined
}

/** @throws PeerError for what is no row, in the source's words where it says what went wrong */
function changeOf(row: unknown, answer: PeerAnswer): Change {
  const read = change(row)
  if (read) return read
  if (!isObject(row) || typeof row.error !== 'string') throw otherShape(answer)
  const reason = `${answer.request} ended: ${answer.words(JSON.stringify(row.reason ?? ''))}`
  throw new PeerError(answer.words(row.error), reason, { transient: true })
}

async function* split(batches: AsyncIterable<ChangesBatch>, size: number): AsyncGenerator<ChangesBatch> {
  for await (const batch of batches) {
    let offset = 0
    for (; batch.rows.length - offset > size; offset += size) {
      const rows = batch.rows.slice(offset, offset + size)
      yield { rows, seq: rows.at(-1)?.seq ?? batch.seq }
    }
    yield offset === 0 ? batch : { rows: batch.rows.slice(offset), seq: batch.seq }
  }
}
