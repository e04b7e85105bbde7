import type { SourceSeq } from '../protocol/checkpoint.ts'
import type { RevisionDelta } from '../protocol/delta/revision-delta.ts'
import type { ReplicationFilter } from '../protocol/replication-options.ts'

/** Information about a peer's database. */
export interface DatabaseInfo {
  readonly updateSeq: SourceSeq
  /** Tells a database from one that was created under its name later; empty where the peer has none. */
  readonly instanceStartTime: string
  readonly documents: number
  readonly deletedDocuments: number
  /** True of a copy in which values are hidden: only copies of that kind may be made of it. */
  readonly isMasked?: boolean
  /** True of a server that describes changed documents by revisions which the target has. */
  readonly sendsDeltas?: boolean
}

/** One row of a changes feed. */
export interface Change {
  readonly seq: SourceSeq
  readonly id: string
  readonly revs: readonly string[]
}

/** Rows that came together; `seq` is where the feed stands after them. */
export interface ChangesBatch {
  readonly rows: readonly Change[]
  readonly seq: SourceSeq
}

/** Options of reading a changes feed. */
export interface ChangesRequest {
  readonly since: SourceSeq
  readonly feed: 'normal' | 'continuous'
  readonly style: 'all_docs' | 'main_only'
  readonly filter: ReplicationFilter
  /** The most rows of a batch. */
  readonly batchSize: number
  /** Called when an interrupted feed resumes: its database may have been replaced meanwhile. */
  readonly reopened?: () => void
  /** Called for each heartbeat of a live feed. */
  readonly heartbeat?: () => void
}

/** A range of ids of documents in the order of their UTF-8: from one, up to, not including, another. */
export interface IdRange {
  readonly start?: string | undefined
  readonly end?: string | undefined
}

/** A range, how many documents it has, deleted ones too, and the digest of their leaves, 32 hex digits. */
export interface DigestedRange extends IdRange {
  readonly documents: number
  readonly digest: string
}

/** Digests to compare with another database's: of ranges, or of the parts that a range is cut into. */
export type DigestRequest =
  { readonly ranges: readonly IdRange[] } | { readonly split: IdRange; readonly parts: number }

/** A leaf, and whether it is a tombstone; undefined where a listing does not tell. */
export interface ListedLeaf {
  readonly rev: string
  readonly deleted?: boolean | undefined
}

/** All leaves of a document, the winner first. */
export interface ListedDocument {
  readonly id: string
  readonly leaves: readonly ListedLeaf[]
}

/** A document's revisions that the target lacks. */
export interface MissingRevisions {
  readonly id: string
  readonly revs: readonly string[]
  /** Leaves that the target has and that may be ancestors: the peer leaves out the attachments they have. */
  readonly possibleAncestors: readonly string[]
}

/** A revision as `bulkGet` finds it. */
export type FetchedRevision =
  /** JSON text with `_revisions`, ready for `bulkDocs`. */
  | { readonly kind: 'document'; readonly json: Uint8Array }
  /** It has attachments, or no delta that leads to it: ask for it with `openRevision`. */
  | { readonly kind: 'attachments'; readonly id: string; readonly rev: string }
  | { readonly kind: 'delta'; readonly id: string; readonly rev: string; readonly described: RevisionDelta }
  | { readonly kind: 'missing'; readonly id: string; readonly rev: string; readonly reason: string }

/** Options of `bulkGet`. */
export interface BulkGetOptions {
  /** Takes deltas of the possible ancestors. Only of a source that sends them. */
  readonly deltas?: boolean
}

/** A revision as `openRevision` finds it. */
export type OpenedRevision =
  | { readonly kind: 'document'; readonly json: Uint8Array }
  /** A `multipart/related` body, as a PUT of the document takes it; a piece is valid until the next is read. */
  | {
      readonly kind: 'multipart'
      readonly rev: string
      readonly contentType: string
      readonly body: AsyncIterable<Uint8Array>
    }
  | { readonly kind: 'missing'; readonly rev: string }

/** A document that the target did not take. */
export interface WriteFailure {
  readonly id: string
  readonly rev: string
  readonly status: number
  readonly error: string
  readonly reason: string
}

/** Bytes of documents, rows and the like that went from a peer and to it, before compression. */
export interface BytesMoved {
  readonly received: number
  readonly sent: number
}

/** A stored body, and the hashes of its revision and of the ancestors, newest first. */
export interface BaseRevision {
  /** JSON text without the members that start with `_`. */
  readonly body: Uint8Array
  readonly ids: readonly string[]
}

/** A `_local` document. */
export interface PeerLocalDocument {
  readonly rev: string
  readonly body: unknown
}

/**
 * One side of a replication: a database, over HTTP or in this process. Every method ends when `signal` is aborted, and
 * throws a `PeerError` when the peer does not fulfil it.
 */
export interface Peer {
  /** Its URL without credentials, with a trailing slash. */
  readonly url: string

  readonly moved: BytesMoved

  /** True of a target that other jobs write the same revisions to: it is asked for each batch what it lacks. */
  readonly isShared: boolean

  /** True of a database that is asked for next to nothing: for each batch with edits, what of it is lacking. */
  readonly isNear?: boolean

  /** Documents of which each rule of a mask has hidden something, in the order of the rules; undefined without a mask. */
  readonly masked?: readonly number[] | undefined

  /** Time of the last bytes from the peer, by `performance.now()`; before any, when it was opened. */
  readonly heardAt: number

  /** @throws PeerError `db_not_found`, `unauthorized` */
  info(signal: AbortSignal): Promise<DatabaseInfo>

  /** Creates the database; one that exists is fine. */
  create(params: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void>

  /**
   * The changes since a sequence, in batches as they come. A normal feed ends; a continuous one goes on, reconnecting
   * where it stood.
   */
  changes(request: ChangesRequest, signal: AbortSignal): AsyncIterable<ChangesBatch>

  /**
   * Returns how many changes follow a sequence, null when the peer does not say.
   *
   * @param filter then whether any of them passes it: 0 or 1
   */
  pending(since: SourceSeq, signal: AbortSignal, filter?: ReplicationFilter): Promise<number | null>

  /**
   * Returns digests of ranges of ids; undefined where the server has none, as all but Couchette.
   *
   * @throws PeerError `unauthorized` and others
   */
  digests?(request: DigestRequest, signal: AbortSignal): Promise<readonly DigestedRange[] | undefined>

  /** Lists the first documents of a range with their leaves, in the order of the ids. Only where there are digests. */
  listLeaves?(range: IdRange, limit: number, signal: AbortSignal): Promise<readonly ListedDocument[]>

  /** Returns those of the revisions that the database lacks. */
  revsDiff(changes: readonly Pick<Change, 'id' | 'revs'>[], signal: AbortSignal): Promise<MissingRevisions[]>

  /**
   * The revisions, or the leaves that followed them, in lists of bounded size as they arrive.
   *
   * @throws PeerError `bulk_get_unsupported` where the peer has no such request
   */
  bulkGet(
    wanted: readonly MissingRevisions[],
    signal: AbortSignal,
    options?: BulkGetOptions,
  ): AsyncIterable<FetchedRevision[]>

  /** Reads a revision of which a delta is made; undefined where its body is not there. Only of this process. */
  readBase?(id: string, rev: string, signal: AbortSignal): Promise<BaseRevision | undefined>

  /**
   * One revision, or the leaves that followed it, with the attachments that none of the possible ancestors has. Each
   * body must be read or closed before the next revision is requested.
   */
  openRevision(
    wanted: { readonly id: string; readonly rev: string; readonly possibleAncestors: readonly string[] },
    signal: AbortSignal,
  ): AsyncIterable<OpenedRevision>

  /** Writes revisions as they are; answers those that were refused. */
  bulkDocs(documents: readonly Uint8Array[], signal: AbortSignal): Promise<WriteFailure[]>

  /**
   * Writes one revision as it is, with its attachments.
   *
   * @returns why the document was refused, or null
   * @throws PeerError `missing_stub` when the database lacks an attachment that was left out
   */
  put(id: string, document: OpenedRevision, signal: AbortSignal): Promise<WriteFailure | null>

  /**
   * Removes leaves as if they had never been. Not of streams.
   *
   * @throws PeerError `unauthorized` and others
   */
  purge?(documents: readonly Pick<Change, 'id' | 'revs'>[], signal: AbortSignal): Promise<void>

  /** Returns a local document, null if there is none. */
  getLocal(id: string, signal: AbortSignal): Promise<PeerLocalDocument | null>

  /**
   * @param rev of the document to replace, if there is one
   * @returns its new revision
   * @throws PeerError `conflict`
   */
  putLocal(id: string, body: object, rev: string | undefined, signal: AbortSignal): Promise<string>

  /** Returns a document's JSON, null if there is none. */
  getDocument(id: string, signal: AbortSignal): Promise<unknown>

  /** Returns once everything written is durable: the database's instance start time. */
  ensureFullCommit(signal: AbortSignal): Promise<string>

  /** Frees what the peer holds; idempotent. */
  close(): Promise<void>
}
