import type { SourceSeq } from '../../protocol/checkpoint.ts'
import type { ReplicationFilter } from '../../protocol/replication-options.ts'
import { PeerError, databaseNotFound, isOfDocuments, unauthorized } from '../peer-error.ts'
import type {
  BulkGetOptions,
  BytesMoved,
  Change,
  ChangesBatch,
  ChangesRequest,
  DatabaseInfo,
  DigestedRange,
  DigestRequest,
  FetchedRevision,
  IdRange,
  ListedDocument,
  PeerLocalDocument,
  MissingRevisions,
  OpenedRevision,
  Peer,
  WriteFailure,
} from '../peer.ts'
import { checkHeld, chunks, notJson, readJson, statusError } from './answer.ts'
import type { PeerAnswer } from './answer.ts'
import { BulkGetScanner, pushed } from './bulk-get-scanner.ts'
import { readChanges } from './changes-feed.ts'
import { pendingRequest } from './changes-query.ts'
import { digestAnswer, digestQuery, keysOf, leavesAnswer } from './digest-shapes.ts'
import { DELTAS_HEADER, DELTAS_VERSION } from '../../protocol/delta/revision-delta.ts'
import type { HttpClient } from './http-client.ts'
import {
  anObject,
  anything,
  databaseInfo,
  instanceStartTime,
  localDocument,
  missingRevisions,
  newRevision,
  pendingChanges,
  writeFailures,
} from './shapes.ts'
import {
  encodeDocId,
  inlineRevisionRequest,
  openRevisionRequest,
  readInlineRevision,
  readRevisions,
} from './open-revision.ts'

/** Longest answer of requests whose answers are short, such as `_ensure_full_commit` or a checkpoint, in bytes. */
const MAX_SHORT_ANSWER = 1024 * 1024
const DOCS_BEGIN = Buffer.from('{"new_edits":false,"docs":[')
const DOCS_END = Buffer.from(']}')
const COMMA = Buffer.from(',')
/** CouchDB counts these as failures of the document, not of the replication. */
const REFUSED = [401, 403, 409, 412, 413, 414, 415, 431]

/** As servers, and proxies in front of them, answer that know no `_digests`. */
const NO_DIGESTS = [400, 403, 404, 405, 410, 501]

/** Maximum revisions of a document that a source is offered as bases of its delta. */
const MAX_BASES = 10

/** As servers answer that do not list a missing revision. */
const NO_DOCUMENT = / was answered 404: (missing|deleted)$/

/** A database of another server. */
export class HttpPeer implements Peer {
  readonly isShared = false
  readonly url: string
  readonly #client: HttpClient

  constructor(client: HttpClient) {
    this.url = client.url
    this.#client = client
  }

  get moved(): BytesMoved {
    return this.#client.moved
  }

  get heardAt(): number {
    return this.#client.heardAt
  }

  async info(signal: AbortSignal): Promise<DatabaseInfo> {
    const request = { method: 'GET', path: '', maxAnswer: MAX_SHORT_ANSWER } as const
    const { status, value, headers } = await this.#client.json(
      request,
      [200, 401, 403, 404],
      signal,
      databaseInfo,
    )
    if (status === 404) throw databaseNotFound(this.url)
    if (value === null) throw unauthorized(this.url, status)
    return { ...value, sendsDeltas: headers[DELTAS_HEADER] === DELTAS_VERSION }
  }

  async create(params: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    const query = new URLSearchParams(params).toString()
    const request = { method: 'PUT', path: query && `?${query}`, maxAnswer: MAX_SHORT_ANSWER } as const
    const { status } = await this.#client.json(request, [201, 202, 401, 403, 412], signal, anything)
    if (status === 401 || status === 403) throw unauthorized(this.url, status)
  }

  changes(request: ChangesRequest, signal: AbortSignal): AsyncIterable<ChangesBatch> {
    return readChanges(this.#client, request, signal)
  }

  async pending(since: SourceSeq, signal: AbortSignal, filter?: ReplicationFilter): Promise<number | null> {
    const request = pendingRequest(since, filter)
    const { value } = await this.#client.json(request, [200], signal, pendingChanges)
    return filter ? (value?.rows ?? null) : (value?.pending ?? null)
  }

  async digests(request: DigestRequest, signal: AbortSignal): Promise<readonly DigestedRange[] | undefined> {
    const body = JSON.stringify(digestQuery(request))
    const statuses = [200, ...NO_DIGESTS]
    const { value } = await this.#client.json(
      { method: 'POST', path: '_digests', body },
      statuses,
      signal,
      digestAnswer,
    )
    return value?.ranges
  }

  async listLeaves(range: IdRange, limit: number, signal: AbortSignal): Promise<readonly ListedDocument[]> {
    const body = JSON.stringify({ list: keysOf(range), limit })
    const request = { method: 'POST', path: '_digests', body } as const
    const { value } = await this.#client.json(request, [200], signal, leavesAnswer)
    return value ?? []
  }

  async revsDiff(
    changes: readonly Pick<Change, 'id' | 'revs'>[],
    signal: AbortSignal,
  ): Promise<MissingRevisions[]> {
    const asked = new Map(changes.map(({ id, revs }) => [id, revs]))
    const body = JSON.stringify(Object.fromEntries(asked))
    const request = { method: 'POST', path: '_revs_diff', body } as const
    const { value } = await this.#client.json(request, [200], signal, missingRevisions(asked))
    return value ?? []
  }

  async *bulkGet(
    wanted: readonly MissingRevisions[],
    signal: AbortSignal,
    { deltas = false }: BulkGetOptions = {},
  ): AsyncGenerator<FetchedRevision[]> {
    const docs = wanted.flatMap(({ id, revs, possibleAncestors }) => {
      const bases = deltas ? possibleAncestors.slice(0, MAX_BASES) : []
      return revs.map(rev => (bases.length === 0 ? { id, rev } : { id, rev, bases }))
    })
    const body = JSON.stringify({ docs })
    const path = `_bulk_get?revs=true&latest=true${deltas ? '&deltas=true' : ''}`
    const request = { method: 'POST', path, body } as const
    try {
      yield* this.#client.stream(request, signal, readBulkGet)
    } catch (error) {
      throw error instanceof PeerError && knowsNoBulkGet(error) ? bulkGetUnsupported(error) : error
    }
  }

  async *openRevision(
    wanted: { readonly id: string; readonly rev: string; readonly possibleAncestors: readonly string[] },
    signal: AbortSignal,
  ): AsyncGenerator<OpenedRevision> {
    const request = openRevisionRequest(wanted.id, wanted.rev, wanted.possibleAncestors)
    const inline: string[] = []
    try {
      for await (const revision of this.#client.stream(request, signal, readRevisions)) {
        if (revision.kind === 'attachments' || revision.kind === 'delta') inline.push(revision.rev)
        else yield revision.kind === 'multipart' ? { ...revision, rev: wanted.rev } : revision
      }
    } catch (error) {
      if (!(error instanceof PeerError) || !NO_DOCUMENT.test(error.reason)) throw error
      yield { kind: 'missing', rev: wanted.rev }
    }
    for (const rev of inline) {
      yield* this.#client.stream(inlineRevisionRequest(wanted.id, rev), signal, readInlineRevision)
    }
  }

  async bulkDocs(documents: readonly Uint8Array[], signal: AbortSignal): Promise<WriteFailure[]> {
    const request = { method: 'POST', path: '_bulk_docs', body: joinDocuments(documents) } as const
    const shape = writeFailures(documents.length, this.#client.words)
    const { value } = await this.#client.json(request, [201, 202, 417], signal, shape)
    return value ?? []
  }

  async put(id: string, document: OpenedRevision, signal: AbortSignal): Promise<WriteFailure | null> {
    if (document.kind === 'missing') return null
    const request = {
      method: 'PUT',
      path: `${encodeDocId(id)}?new_edits=false`,
      body: document.kind === 'document' ? document.json : document.body,
      headers: { 'content-type': document.kind === 'document' ? 'application/json' : document.contentType },
    } as const
    return this.#client.open(request, [200, 201, 202, 400, ...REFUSED], signal, async answer => {
      if (answer.status < 300) {
        await readJson(answer, MAX_SHORT_ANSWER)
        return null
      }
      const rev = document.kind === 'multipart' ? document.rev : ''
      const error = await statusError(answer)
      if (error.status === 400 && !isOfDocuments(error)) throw error
      return refusal(error, id, rev)
    })
  }

  async purge(documents: readonly Pick<Change, 'id' | 'revs'>[], signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(Object.fromEntries(documents.map(({ id, revs }) => [id, revs])))
    const request = { method: 'POST', path: '_purge', body } as const
    const { status } = await this.#client.json(request, [200, 201, 202, 401, 403], signal, anything)
    if (status === 401 || status === 403) throw unauthorized(this.url, status)
  }

  async getLocal(id: string, signal: AbortSignal): Promise<PeerLocalDocument | null> {
    const path = `_local/${encodeURIComponent(id)}`
    const request = { method: 'GET', path, maxAnswer: MAX_SHORT_ANSWER } as const
    return (await this.#client.json(request, [200, 404], signal, localDocument)).value
  }

  async putLocal(id: string, body: object, rev: string | undefined, signal: AbortSignal): Promise<string> {
    const document = { _id: `_local/${id}`, ...(rev === undefined ? {} : { _rev: rev }), ...body }
    const request = { method: 'PUT', path: `_local/${id}`, body: JSON.stringify(document) } as const
    const { status, value } = await this.#client.json(request, [200, 201, 202, 409], signal, newRevision)
    if (value === null)
      throw new PeerError('conflict', `${this.url}_local/${id} was changed by another`, { status })
    return value
  }

  async getDocument(id: string, signal: AbortSignal): Promise<unknown> {
    const request = { method: 'GET', path: encodeDocId(id) } as const
    return (await this.#client.json(request, [200, 404], signal, anObject)).value
  }

  async ensureFullCommit(signal: AbortSignal): Promise<string> {
    const request = {
      method: 'POST',
      path: '_ensure_full_commit',
      body: '',
      maxAnswer: MAX_SHORT_ANSWER,
    } as const
    return (await this.#client.json(request, [201], signal, instanceStartTime)).value ?? ''
  }

  async close(): Promise<void> {
    // The sockets belong to the server's `Connections`.
  }
}

async function* readBulkGet(answer: PeerAnswer): AsyncGenerator<FetchedRevision[]> {
  const scanner = new BulkGetScanner()
  for await (const chunk of chunks(answer)) {
    const found = pushed(scanner, chunk, answer)
    checkHeld(answer, scanner.held, answer.limits.maxDocument)
    if (found.length > 0) yield found
  }
  if (!scanner.complete) throw notJson(answer)
}

/**
 * Returns true for the statuses that servers without a working `_bulk_get` answer. Those of `ANY_REQUEST` say nothing about it: any
 * request may get them.
 */
function knowsNoBulkGet({ status }: PeerError): boolean {
  return status === 500 || status === 501 || (status >= 400 && status < 500 && !ANY_REQUEST.includes(status))
}

const ANY_REQUEST = [401, 408, 429]

function bulkGetUnsupported({ reason, status }: PeerError): PeerError {
  return new PeerError('bulk_get_unsupported', reason, { status })
}

function joinDocuments(documents: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [DOCS_BEGIN]
  for (const document of documents) parts.push(document, COMMA)
  parts[Math.max(1, parts.length - 1)] = DOCS_END
  return Buffer.concat(parts)
}

function refusal(error: PeerError, id: string, rev: string): WriteFailure {
  if (error.status === 412)
    throw new PeerError('missing_stub', error.reason, { status: 412, transient: true })
  return { id, rev, status: error.status, error: error.error, reason: error.reason }
}
