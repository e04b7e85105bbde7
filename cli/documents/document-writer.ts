import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { HttpClient } from '../../replicator/http/http-client.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import type { WriteFailure } from '../../replicator/peer.ts'
import { objectStart } from './json-text.ts'

/** Statuses of a batch that one of its documents may be the reason of. */
const MAY_BE_ONE = [400, 403, 412, 413, 415, 500]
const COMMA = Buffer.from(',')
const END = Buffer.from(']}')

interface Batch {
  /** As replicated revisions: those that name their own. */
  readonly revisions: Buffer[]
  /** As new documents and edits. */
  readonly edits: Buffer[]
}

/**
 * Writes documents to a database: those with a `_rev` as the revisions they are, others as new documents. A document that
 * makes its batch fail is found by halving, so that it stops none but itself.
 */
export class DocumentWriter {
  readonly #client: HttpClient

  constructor(client: HttpClient) {
    this.#client = client
  }

  /** Resolves, when the documents are durable, with those that were refused. @throws PeerError */
  async write(documents: readonly Buffer[], signal: AbortSignal): Promise<WriteFailure[]> {
    const { revisions, edits } = split(documents)
    return [...(await this.#send(revisions, false, signal)), ...(await this.#send(edits, true, signal))]
  }

  async #send(documents: readonly Buffer[], newEdits: boolean, signal: AbortSignal): Promise<WriteFailure[]> {
    if (documents.length === 0) return []
    const head = Buffer.from(`{"new_edits":${newEdits},"docs":[`)
    const list = documents.flatMap((json, at) => (at === 0 ? [json] : [COMMA, json]))
    const request = { method: 'POST', path: '_bulk_docs', body: Buffer.concat([head, ...list, END]) } as const
    try {
      const { value } = await this.#client.json(request, [201, 202, 417], signal, rows)
      const failures = (value ?? []).flatMap(failureOf)
      return newEdits ? await this.#withoutWritten(documents, failures, signal) : failures
    } catch (error) {
      if (!(error instanceof PeerError) || !MAY_BE_ONE.includes(error.status)) throw error
      const [only, ...others] = documents
      if (only !== undefined && others.length === 0) return [refusal(only, error)]
      const half = documents.length >> 1
      return [
        ...(await this.#send(documents.slice(0, half), newEdits, signal)),
        ...(await this.#send(documents.slice(half), newEdits, signal)),
      ]
    }
  }

  /**
   * Leaves conflicts out with documents that are there as they were sent: of a request whose answer was lost, or of a load
   * that was cut off.
   */
  async #withoutWritten(
    documents: readonly Buffer[],
    failures: readonly WriteFailure[],
    signal: AbortSignal,
  ): Promise<WriteFailure[]> {
    const keys = failures.flatMap(({ id, error }) => (error === 'conflict' ? [id] : []))
    if (keys.length === 0) return [...failures]
    const request = {
      method: 'POST',
      path: '_all_docs?include_docs=true',
      body: JSON.stringify({ keys }),
    } as const
    const { value } = await this.#client.json(request, [200], signal, storedDocuments)
    const sent = new Map(documents.map(json => identityOf(json)).map(document => [document._id, document]))
    const written = new Set(
      (value ?? []).filter(stored => isSame(stored, sent.get(stored._id))).map(({ _id: id }) => id),
    )
    return failures.filter(({ id, error }) => error !== 'conflict' || !written.has(id))
  }
}

function split(documents: readonly Buffer[]): Batch {
  const batch: Batch = { revisions: [], edits: [] }
  for (const json of documents) {
    const { _id: id, _rev: rev } = identityOf(json)
    if (typeof rev === 'string') batch.revisions.push(json)
    else batch.edits.push(id === undefined ? withId(json) : json)
  }
  return batch
}

/** Gives a document without an id one of its content, so that what is sent again makes no second document. */
function withId(json: Buffer): Buffer {
  const start = objectStart(json)
  const isEmpty = /^\s*\}$/.test(json.toString('latin1', start))
  const id = `"_id":"${createHash('sha256').update(json).digest('hex').slice(0, 32)}"${isEmpty ? '' : ','}`
  return Buffer.concat([json.subarray(0, start), Buffer.from(id), json.subarray(start)])
}

function identityOf(json: Buffer): { readonly _id?: unknown; readonly _rev?: unknown } {
  // A document that is broken is refused by the server, which says how.
  try {
    return JSON.parse(json.toString()) as object
  } catch {
    return { _id: '' }
  }
}

type Document = Readonly<Record<string, unknown>>

function storedDocuments(value: unknown): readonly Document[] | undefined {
  const { rows: found } = (value ?? {}) as { readonly rows?: unknown }
  if (!Array.isArray(found)) return undefined
  return (found as { readonly doc?: Document | null }[]).flatMap(({ doc }) => (doc ? [doc] : []))
}

function isSame(stored: Document, sent: Document | undefined): boolean {
  const content = (document: Document): object =>
    Object.fromEntries(Object.entries(document).filter(([name]) => !name.startsWith('_')))
  return sent !== undefined && isDeepStrictEqual(content(stored), content(sent))
}

function refusal(json: Buffer, { status, error, reason }: PeerError): WriteFailure {
  const { _id: id, _rev: rev } = identityOf(json)
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  return { id: text(id), rev: text(rev), status, error, reason }
}

function rows(value: unknown): readonly Readonly<Record<string, unknown>>[] | undefined {
  return Array.isArray(value) ? (value as Readonly<Record<string, unknown>>[]) : undefined
}

function failureOf({ id, rev, error, reason, status }: Readonly<Record<string, unknown>>): WriteFailure[] {
  if (typeof error !== 'string') return []
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const number = typeof status === 'number' ? status : error === 'conflict' ? 409 : 403
  return [{ id: text(id), rev: text(rev), status: number, error, reason: text(reason) }]
}
