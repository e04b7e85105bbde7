import type { RowBlock } from './row-block.ts'

const MAX_BLOCKS = 128
const MAX_BYTES = 32 * 1024

/**
 * Rows at the ends of ranges, those that were asked for last, in blocks as nodes have them; at most 4 MB, mostly less
 * than one. Queries about the same groups read the same blocks again and again.
 */
export class BlockCache {
  readonly #blocks = new Map<string, RowBlock>()

  async get(from: Uint8Array, read: () => Promise<RowBlock>): Promise<RowBlock> {
    const key = Buffer.from(from.buffer, from.byteOffset, from.byteLength).toString('latin1')
    const known = this.#blocks.get(key)
    const block = known ?? (await read())
    if (known === undefined && block.bytes > MAX_BYTES) return block
    this.#blocks.delete(key)
    this.#blocks.set(key, block)
    const [oldest = ''] = this.#blocks.keys()
    if (this.#blocks.size > MAX_BLOCKS) this.#blocks.delete(oldest)
    return block
  }
}
