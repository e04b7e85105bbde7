import { bufferOf } from '../../../../protocol/bytes.ts'
import { LRUCache } from 'lru-cache'
import type { RowBlock } from './row-block.ts'

const MAX_BLOCKS = 128
const MAX_BYTES = 32 * 1024

/**
 * Rows at the ends of the ranges queried last, in the blocks that nodes cover; at most 4 MB, mostly less
 * than one. Queries about the same groups read the same blocks again and again.
 */
export class BlockCache {
  readonly #blocks = new LRUCache<string, RowBlock>({ max: MAX_BLOCKS })

  async get(from: Uint8Array, read: () => Promise<RowBlock>): Promise<RowBlock> {
    const key = bufferOf(from).toString('latin1')
    const known = this.#blocks.get(key)
    if (known !== undefined) return known
    const block = await read()
    if (block.bytes <= MAX_BYTES) this.#blocks.set(key, block)
    return block
  }
}
