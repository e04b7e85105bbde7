import type { SharedContent } from '../../attachments/shared-content.ts'
import type { ReplicatedChange } from '../../database/replication-hook.ts'
import type { ClusterChange, ContentChange } from '../entry/change.ts'

/** Bytes of content in one entry: large enough to be fast, small enough not to be felt. */
const PIECE_BYTES = 512 * 1024
/** Bytes of an entry besides its piece of content, and of the smallest piece. */
const MARGIN_BYTES = 1024

/** Sends content to the other nodes before the commits that refer to it. */
export class ContentSender {
  readonly #content: SharedContent
  readonly #pieceBytes: number
  readonly #append: (piece: ContentChange) => Promise<void>
  readonly #sent = new Set<string>()

  constructor(
    content: SharedContent,
    maxEntryBytes: number,
    append: (piece: ContentChange) => Promise<void>,
  ) {
    this.#content = content
    this.#pieceBytes = Math.min(PIECE_BYTES, Math.max(MARGIN_BYTES, maxEntryBytes - MARGIN_BYTES))
    this.#append = append
  }

  /** Returns changes as other nodes are to have them, when all that they refer to is in the log. */
  async send(changes: readonly ClusterChange[]): Promise<readonly ClusterChange[]> {
    const sent: ClusterChange[] = []
    for (const change of changes) {
      if (change.kind !== 'commit' || change.content.length === 0) {
        sent.push(change)
        continue
      }
      const { content, files } = await this.#content.outgoing(change.content)
      for (const address of files) await this.#sendFile(address)
      sent.push({ ...change, content })
    }
    return sent
  }

  async #sendFile(address: string): Promise<void> {
    if (this.#sent.has(address)) return
    this.#sent.add(address)
    for await (const piece of this.#content.pieces(address, this.#pieceBytes))
      await this.#append({ kind: 'content', ...piece })
  }
}

/**
 * Has a change applied with the records of content that this node makes of it, and removes what nothing refers to any more.
 *
 * @param apply given whether all content that came has its commit with this change
 */
export async function withLocalContent(
  content: SharedContent,
  change: ReplicatedChange,
  apply: (change: ReplicatedChange, isComplete: boolean) => Promise<void>,
): Promise<void> {
  if (change.kind !== 'commit' || change.content.length === 0) {
    await apply(change, !content.isIncoming)
    return
  }
  const { content: local, release, isComplete } = await content.localize(change.content)
  try {
    await apply({ ...change, content: local }, isComplete)
  } finally {
    release()
  }
  await content.collect(local)
}
