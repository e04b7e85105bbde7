import type {
  BytesMoved,
  Change,
  ChangesBatch,
  ChangesRequest,
  DatabaseInfo,
  DigestedRange,
  DigestRequest,
  FetchedRevision,
  MissingRevisions,
  OpenedRevision,
  Peer,
  PeerLocalDocument,
  WriteFailure,
} from '../../replicator/peer.ts'
import type { SourceSeq } from '../../protocol/checkpoint.ts'
import type { ReplicationFilter } from '../../protocol/replication-options.ts'
import { unlessAborted } from '../../replicator/wait.ts'
import type { RevisionsInFlight } from './revisions-in-flight.ts'

/** Longest wait for what another job is about to write; then it is fetched here, too. */
const MOST_WAIT_MS = 10_000
/** An id at the beginning of a document's text, as servers send it. */
const ID = /^\{"_id":("(?:[^"\\]|\\.)*")/

/** A database that several jobs of a mesh write to: a revision that one of them fetches is not fetched by another meanwhile. */
export class SharedTarget implements Peer {
  readonly isShared = true
  readonly #target: Peer
  readonly #inFlight: RevisionsInFlight

  constructor(target: Peer, inFlight: RevisionsInFlight) {
    this.#target = target
    this.#inFlight = inFlight
  }

  get url(): string {
    return this.#target.url
  }

  get moved(): BytesMoved {
    return this.#target.moved
  }

  get heardAt(): number {
    return this.#target.heardAt
  }

  async revsDiff(
    changes: readonly Pick<Change, 'id' | 'revs'>[],
    signal: AbortSignal,
  ): Promise<MissingRevisions[]> {
    const end = performance.now() + MOST_WAIT_MS
    for (;;) {
      const missing = await this.#target.revsDiff(changes, signal)
      const others = performance.now() < end ? this.#inFlight.othersOf(this, missing) : undefined
      // Claims are made with nothing in between, and never while waiting: jobs do not wait for each other in a circle.
      if (others === undefined) {
        this.#inFlight.claim(this, missing)
        return missing
      }
      let timer: NodeJS.Timeout | undefined
      const timeout = new Promise<void>(resolve => (timer = setTimeout(resolve, end - performance.now())))
      await unlessAborted(Promise.race([others, timeout]), signal).finally(() => clearTimeout(timer))
    }
  }

  async bulkDocs(documents: readonly Uint8Array[], signal: AbortSignal): Promise<WriteFailure[]> {
    try {
      return await this.#target.bulkDocs(documents, signal)
    } finally {
      for (const document of documents) {
        const id = idOf(document)
        if (id !== undefined) this.#inFlight.settle(this, id)
      }
    }
  }

  async put(id: string, document: OpenedRevision, signal: AbortSignal): Promise<WriteFailure | null> {
    try {
      return await this.#target.put(id, document, signal)
    } finally {
      this.#inFlight.settle(this, id)
    }
  }

  async close(): Promise<void> {
    this.#inFlight.settleAll(this)
    await this.#target.close()
  }

  info(signal: AbortSignal): Promise<DatabaseInfo> {
    return this.#target.info(signal)
  }

  create(params: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    return this.#target.create(params, signal)
  }

  changes(request: ChangesRequest, signal: AbortSignal): AsyncIterable<ChangesBatch> {
    return this.#target.changes(request, signal)
  }

  pending(since: SourceSeq, signal: AbortSignal, filter?: ReplicationFilter): Promise<number | null> {
    return this.#target.pending(since, signal, filter)
  }

  async digests(request: DigestRequest, signal: AbortSignal): Promise<readonly DigestedRange[] | undefined> {
    return this.#target.digests?.(request, signal)
  }

  bulkGet(wanted: readonly MissingRevisions[], signal: AbortSignal): AsyncIterable<FetchedRevision[]> {
    return this.#target.bulkGet(wanted, signal)
  }

  openRevision(
    wanted: Parameters<Peer['openRevision']>[0],
    signal: AbortSignal,
  ): AsyncIterable<OpenedRevision> {
    return this.#target.openRevision(wanted, signal)
  }

  getLocal(id: string, signal: AbortSignal): Promise<PeerLocalDocument | null> {
    return this.#target.getLocal(id, signal)
  }

  putLocal(id: string, body: object, rev: string | undefined, signal: AbortSignal): Promise<string> {
    return this.#target.putLocal(id, body, rev, signal)
  }

  getDocument(id: string, signal: AbortSignal): Promise<unknown> {
    return this.#target.getDocument(id, signal)
  }

  ensureFullCommit(signal: AbortSignal): Promise<string> {
    return this.#target.ensureFullCommit(signal)
  }
}

function idOf(document: Uint8Array): string | undefined {
  const [, id] = ID.exec(Buffer.from(document.subarray(0, 2048)).toString()) ?? []
  return id === undefined ? undefined : (JSON.parse(id) as string)
}
