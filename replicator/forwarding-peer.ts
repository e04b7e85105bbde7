import type { SourceSeq } from '../protocol/checkpoint.ts'
import type { ReplicationFilter } from '../protocol/replication-options.ts'
import type {
  BaseRevision,
  BulkGetOptions,
  BytesMoved,
  Change,
  ChangesBatch,
  ChangesRequest,
  DatabaseInfo,
  FetchedRevision,
  MissingRevisions,
  OpenedRevision,
  Peer,
  PeerLocalDocument,
  WriteFailure,
} from './peer.ts'

/** A peer that asks another one for whatever it does not do itself: the base of those that do some of it otherwise. */
export class ForwardingPeer implements Peer {
  protected readonly peer: Peer

  constructor(peer: Peer) {
    this.peer = peer
  }

  get url(): string {
    return this.peer.url
  }

  get moved(): BytesMoved {
    return this.peer.moved
  }

  get isShared(): boolean {
    return this.peer.isShared
  }

  get isNear(): boolean {
    return this.peer.isNear === true
  }

  get heardAt(): number {
    return this.peer.heardAt
  }

  get masked(): readonly number[] | undefined {
    return this.peer.masked
  }

  info(signal: AbortSignal): Promise<DatabaseInfo> {
    return this.peer.info(signal)
  }

  create(params: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    return this.peer.create(params, signal)
  }

  changes(request: ChangesRequest, signal: AbortSignal): AsyncIterable<ChangesBatch> {
    return this.peer.changes(request, signal)
  }

  pending(since: SourceSeq, signal: AbortSignal, filter?: ReplicationFilter): Promise<number | null> {
    return this.peer.pending(since, signal, filter)
  }

  revsDiff(
    changes: readonly Pick<Change, 'id' | 'revs'>[],
    signal: AbortSignal,
  ): Promise<MissingRevisions[]> {
    return this.peer.revsDiff(changes, signal)
  }

  bulkGet(
    wanted: readonly MissingRevisions[],
    signal: AbortSignal,
    options?: BulkGetOptions,
  ): AsyncIterable<FetchedRevision[]> {
    return this.peer.bulkGet(wanted, signal, options)
  }

  async readBase(id: string, rev: string, signal: AbortSignal): Promise<BaseRevision | undefined> {
    return this.peer.readBase?.(id, rev, signal)
  }

  openRevision(
    wanted: Parameters<Peer['openRevision']>[0],
    signal: AbortSignal,
  ): AsyncIterable<OpenedRevision> {
    return this.peer.openRevision(wanted, signal)
  }

  bulkDocs(documents: readonly Uint8Array[], signal: AbortSignal): Promise<WriteFailure[]> {
    return this.peer.bulkDocs(documents, signal)
  }

  put(id: string, document: OpenedRevision, signal: AbortSignal): Promise<WriteFailure | null> {
    return this.peer.put(id, document, signal)
  }

  getLocal(id: string, signal: AbortSignal): Promise<PeerLocalDocument | null> {
    return this.peer.getLocal(id, signal)
  }

  putLocal(id: string, body: object, rev: string | undefined, signal: AbortSignal): Promise<string> {
    return this.peer.putLocal(id, body, rev, signal)
  }

  getDocument(id: string, signal: AbortSignal): Promise<unknown> {
    return this.peer.getDocument(id, signal)
  }

  ensureFullCommit(signal: AbortSignal): Promise<string> {
    return this.peer.ensureFullCommit(signal)
  }

  close(): Promise<void> {
    return this.peer.close()
  }
}
