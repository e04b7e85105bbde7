import { setImmediate } from 'node:timers/promises'
import type { SourceSeq } from '../../protocol/checkpoint.ts'
import type { DatabaseName } from '../../protocol/database-name.ts'
import { asDocId, type DocId } from '../../protocol/document-id.ts'
import { isLocalId } from '../../protocol/document-id.ts'
import type { DocumentInput, DocumentLimits } from '../../protocol/document/document-input.ts'
import { CouchError, fail } from '../../protocol/errors.ts'
import { asRev, parseRev } from '../../protocol/revision.ts'
import type { Rev } from '../../protocol/revision.ts'
import type { ReplicationFilter } from '../../protocol/replication-options.ts'
import { isServerAdmin, type UserContext } from '../../protocol/user-context.ts'
import { ForwardingPeer } from '../../replicator/forwarding-peer.ts'
import { PeerError, databaseNotFound, unauthorized } from '../../replicator/peer-error.ts'
import type {
  BaseRevision,
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
  MissingRevisions,
  OpenedRevision,
  Peer,
  WriteFailure,
} from '../../replicator/peer.ts'
import { changesAfter } from '../changes/read-changes.ts'
import type { Catalog } from '../database/catalog.ts'
import type { Database } from '../database/database.ts'
import { sequenceNumber } from '../database/source-sequences.ts'
import { digestsOf, listLeaves } from '../database/listing/list-digests.ts'
import { checkIdIn } from '../database/documents/document-limits.ts'
import type { EditOutcome } from '../database/documents/edit.ts'
import { openRevisions } from '../database/documents/read-document.ts'
import { readBase } from '../database/documents/revision-delta.ts'
import { RevisionFinder } from '../database/documents/revision-finder.ts'
import { revsDiff } from '../database/documents/revs-diff.ts'
import { writeDocuments } from '../database/documents/write-documents.ts'
import { fetchRevisions, openedRevision } from './local-revisions.ts'
import { parseReceived } from './received-documents.ts'

const DOCUMENTS_AT_A_TIME = 200

/** A cluster without a leader has one soon. */
function rethrowTransient(error: unknown): never {
  if (!(error instanceof CouchError) || error.status !== 503) throw error
  throw new PeerError(error.error, error.reason, { status: error.status, transient: true })
}

interface ChangesRow {
  readonly seq: string
  readonly id: string
  readonly changes: readonly { readonly rev: string }[]
}

/** A database of this server and on whose behalf it is used. */
export interface LocalDatabase {
  readonly catalog: Pick<Catalog, 'open'>
  readonly name: DatabaseName
  /** Returns the user as it stands now. @throws `unauthorized` if it may not log in any more */
  readonly user: () => Promise<UserContext>
  /** Limits of documents: the same as over HTTP. */
  readonly limits: () => DocumentLimits
  /** Returns false where another node of the cluster writes the database, which the server asks for it. */
  readonly mayWrite?: (() => boolean) | undefined
  /** Subscribes this thread to a database's commits; undefined where it makes them. */
  readonly watch?: ((database: Database) => Promise<void>) | undefined
  /** True where the content of attachments cannot be read. */
  readonly hasNoAttachments?: boolean | undefined
}

/**
 * A database of this server, for a server administrator: what moves most documents goes straight to the database, what is
 * rare asks the server as any client does. Each use asks whether the user still is one; where not, the job ends, and goes
 * on as any client when it is started again.
 */
export class LocalPeer extends ForwardingPeer {
  readonly #local: LocalDatabase
  #read = 0
  #written = 0

  /** @param server the same database through the server's HTTP interface */
  constructor(local: LocalDatabase, server: Peer) {
    super(server)
    this.#local = local
  }

  override get moved(): BytesMoved {
    const { received, sent } = this.peer.moved
    return { received: received + this.#read, sent: sent + this.#written }
  }

  override get isNear(): boolean {
    return true
  }

  /** It is this process. */
  override get heardAt(): number {
    return performance.now()
  }

  override async info(): Promise<DatabaseInfo> {
    const { seq, state, record } = await this.#open()
    return {
      updateSeq: seq,
      instanceStartTime: record.instance,
      documents: state.docs,
      deletedDocuments: state.deletedDocs,
      isMasked: state.follower?.mask !== undefined,
    }
  }

  override async *changes(request: ChangesRequest, signal: AbortSignal): AsyncGenerator<ChangesBatch> {
    if (request.filter.kind !== 'none') {
      yield* this.peer.changes(request, signal)
      return
    }
    const database = await this.#open()
    if (request.feed === 'continuous') await this.#local.watch?.(database)
    let last = numberIn(database, request.since)
    const options = { allLeaves: request.style === 'all_docs' }
    do {
      const end = database.tail.seq
      for await (const { rows, seq } of changesAfter(database, last, options)) {
        signal.throwIfAborted()
        await this.#administrator()
        last = seq
        yield* batches(rows, request.batchSize)
      }
      // Not every sequence has a row: a change of `_security` has none.
      last = Math.max(last, end)
    } while (request.feed === 'continuous' && (await database.tail.wait(last, signal)))
    signal.throwIfAborted()
    if (request.feed === 'continuous') throw databaseNotFound(this.url)
  }

  override async pending(
    since: SourceSeq,
    signal: AbortSignal,
    filter?: ReplicationFilter,
  ): Promise<number | null> {
    if (filter) return this.peer.pending(since, signal, filter)
    const database = await this.#open()
    return Math.max(0, database.state.seq - numberIn(database, since))
  }

  async digests(request: DigestRequest, signal: AbortSignal): Promise<readonly DigestedRange[]> {
    return (await digestsOf(await this.#open(), request, signal)).ranges
  }

  async listLeaves(range: IdRange, limit: number): Promise<readonly ListedDocument[]> {
    return listLeaves(await this.#open(), range, limit)
  }

  override async revsDiff(changes: readonly Pick<Change, 'id' | 'revs'>[]): Promise<MissingRevisions[]> {
    const asked = new Map<DocId, Rev[]>()
    for (const { id, revs } of changes) asked.set(asDocId(id), revs.map(parseRev))
    const missing = await revsDiff(await this.#open(), asked)
    return missing.map(({ id, missing: revs, possibleAncestors }) => ({ id, revs, possibleAncestors }))
  }

  override async *bulkGet(
    wanted: readonly MissingRevisions[],
    signal: AbortSignal,
  ): AsyncGenerator<FetchedRevision[]> {
    const database = await this.#open()
    for (let offset = 0; offset < wanted.length; offset += DOCUMENTS_AT_A_TIME) {
      signal.throwIfAborted()
      const reader = await this.#administrator()
      const revisions = new RevisionFinder(database, { latest: true, user: reader })
      const part = wanted.slice(offset, offset + DOCUMENTS_AT_A_TIME)
      const found = await fetchRevisions(database, revisions, part, reader)
      for (const revision of found) if (revision.kind === 'document') this.#read += revision.json.length
      yield found
      await setImmediate()
    }
  }

  override async readBase(id: string, rev: string): Promise<BaseRevision | undefined> {
    return readBase(await this.#open(), asDocId(id), asRev(rev))
  }

  override async *openRevision(
    wanted: { id: string; rev: string; possibleAncestors: readonly string[] },
    signal: AbortSignal,
  ): AsyncGenerator<OpenedRevision> {
    if (this.#local.hasNoAttachments === true) {
      yield* this.peer.openRevision(wanted, signal)
      return
    }
    const { id, rev, possibleAncestors } = wanted
    const database = await this.#open()
    const reader = await this.#administrator()
    const attsSince = possibleAncestors.map(parseRev)
    for (const entry of openRevisions(database.document(asDocId(id)), [parseRev(rev)], { latest: true })) {
      signal.throwIfAborted()
      yield openedRevision(database, asDocId(id), entry, { attsSince, reader })
    }
  }

  override async bulkDocs(documents: readonly Uint8Array[], signal: AbortSignal): Promise<WriteFailure[]> {
    if (this.#local.mayWrite?.() === false) return this.peer.bulkDocs(documents, signal)
    const database = await this.#open()
    const { inputs, failures, bytes } = parseReceived(documents, this.#local.limits())
    this.#written += bytes
    const refused = [...failures]
    const writable = inputs.filter(input => {
      const refusal = refusalOf(database, input)
      if (refusal) refused.push(refusal)
      return refusal === undefined
    })
    const edits = writable.map(input => ({ id: asDocId(input.id!), input }))
    const user = await this.#administrator()
    const outcomes = await writeDocuments(database, edits, { replicated: true, user }).catch(rethrowTransient)
    return [...refused, ...outcomes.flatMap(failureOf)]
  }

  async purge(documents: readonly Pick<Change, 'id' | 'revs'>[], signal: AbortSignal): Promise<void> {
    await this.peer.purge?.(documents, signal)
  }

  /** Every write was on disk when it was answered. */
  override async ensureFullCommit(): Promise<string> {
    return (await this.#open()).record.instance
  }

  /**
   * Returns the user, who is a server administrator still.
   *
   * @throws PeerError `unauthorized`
   */
  async #administrator(): Promise<UserContext> {
    const user = await this.#local.user().catch((error: unknown) => {
      throw error instanceof CouchError && error.status === 401 ? unauthorized(this.url) : error
    })
    if (!isServerAdmin(user)) throw unauthorized(this.url)
    return user
  }

  /** @throws PeerError if there is no such database, or the user may not use it any more */
  async #open(): Promise<Database> {
    await this.#administrator()
    try {
      return await this.#local.catalog.open(this.#local.name)
    } catch (error) {
      throw error instanceof CouchError && error.status === 404 ? databaseNotFound(this.url) : error
    }
  }
}

/** A sequence of another database of this name means nothing here: everything is new. */
function numberIn(database: Database, seq: SourceSeq): number {
  return sequenceNumber(database, seq, Infinity) ?? 0
}

function* batches(rows: readonly string[], size: number): Generator<ChangesBatch> {
  for (let offset = 0; offset < rows.length; offset += size) {
    const parsed = JSON.parse(`[${rows.slice(offset, offset + size).join(',')}]`) as ChangesRow[]
    const last = parsed.at(-1)
    if (!last) return
    yield {
      rows: parsed.map(({ seq, id, changes }) => ({ seq, id, revs: changes.map(({ rev }) => rev) })),
      seq: last.seq,
    }
  }
}

/** Returns the refusal of an id that the database cannot have; `_local` documents are not replicated. */
function refusalOf(database: Database, { id, rev }: DocumentInput): WriteFailure | undefined {
  try {
    if (id === undefined) throw fail('illegalDocId', 'Document id must not be empty')
    if (isLocalId(id)) throw fail('illegalDocId', '`_local` documents are not replicated')
    checkIdIn(database, id)
    return undefined
  } catch (error) {
    if (!(error instanceof CouchError)) throw error
    return { id: id ?? '', rev: rev ?? '', status: error.status, error: error.error, reason: error.reason }
  }
}

function failureOf({ id, rev, error }: EditOutcome): WriteFailure[] {
  if (error === undefined) return []
  if (error.status > 500 || error.error === 'os_process_error')
    throw new PeerError(error.error, error.reason, { status: error.status, transient: true })
  return [{ id, rev: rev ?? '', status: error.status, error: error.error, reason: error.reason }]
}
