import { ForwardingPeer } from '../../replicator/forwarding-peer.ts'
import type { Change, MissingRevisions, OpenedRevision, Peer, WriteFailure } from '../../replicator/peer.ts'
import { unlessAborted } from '../../replicator/wait.ts'
import type { RevisionsInFlight } from './revisions-in-flight.ts'

/** Longest wait for what another job is about to write; then it is fetched here, too. */
const MOST_WAIT_MS = 10_000
/** An id at the beginning of a document's text, as servers send it. */
const ID = /^\{"_id":("(?:[^"\\]|\\.)*")/

/** A database that several jobs of a mesh write to: a revision that one of them fetches is not fetched by another meanwhile. */
export class SharedTarget extends ForwardingPeer {
  readonly #inFlight: RevisionsInFlight

  constructor(target: Peer, inFlight: RevisionsInFlight) {
    super(target)
    this.#inFlight = inFlight
  }

  override get isShared(): boolean {
    return true
  }

  override async revsDiff(
    changes: readonly Pick<Change, 'id' | 'revs'>[],
    signal: AbortSignal,
  ): Promise<MissingRevisions[]> {
    const end = performance.now() + MOST_WAIT_MS
    for (;;) {
      const missing = await this.peer.revsDiff(changes, signal)
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

  override async bulkDocs(documents: readonly Uint8Array[], signal: AbortSignal): Promise<WriteFailure[]> {
    try {
      return await this.peer.bulkDocs(documents, signal)
    } finally {
      for (const document of documents) {
        const id = idOf(document)
        if (id !== undefined) this.#inFlight.settle(this, id)
      }
    }
  }

  override async put(
    id: string,
    document: OpenedRevision,
    signal: AbortSignal,
  ): Promise<WriteFailure | null> {
    try {
      return await this.peer.put(id, document, signal)
    } finally {
      this.#inFlight.settle(this, id)
    }
  }

  override async close(): Promise<void> {
    this.#inFlight.settleAll(this)
    await this.peer.close()
  }
}

function idOf(document: Uint8Array): string | undefined {
  const [, id] = ID.exec(Buffer.from(document.subarray(0, 2048)).toString()) ?? []
  return id === undefined ? undefined : (JSON.parse(id) as string)
}
