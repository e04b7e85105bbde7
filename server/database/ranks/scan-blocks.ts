import type { DatabaseSnapshot } from '../reading/snapshot.ts'
import { BLOCK_KEYS, type RankCounts } from './rank-nodes.ts'
import type { RankedSpace } from './ranked-space.ts'

const KEYS_AT_A_TIME = 1000
const READ_AHEAD = { highWaterMarkBytes: 256 * 1024 }

/** Keys of a store, from one up to, not including, another. */
export interface KeyRange {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
}

/** A block, and the text of its last key. */
export interface ScannedBlock {
  readonly block: RankCounts
  readonly end: string
}

/**
 * Counts the keys of a range in blocks, as of a snapshot.
 *
 * @param all whether it is known that all of them count, so that their records need not be read
 */
export async function* scanBlocks(
  snapshot: DatabaseSnapshot,
  space: RankedSpace,
  range: KeyRange,
  all = !space.isSelective,
): AsyncGenerator<ScannedBlock> {
  const options = { ...range, ...READ_AHEAD }
  const iterator = all ? snapshot.keys(options) : snapshot.iterator(options)
  let [start, end, keys, counted] = ['', '', 0, 0]
  try {
    for (;;) {
      const entries = await iterator.nextv(KEYS_AT_A_TIME)
      if (entries.length === 0) break
      for (const entry of entries) {
        const [key, record] = entry instanceof Uint8Array ? [entry] : entry
        if (keys === BLOCK_KEYS) {
          yield { block: { start, keys, counted, digest: undefined }, end }
          keys = counted = 0
        }
        end = space.textOf(key)
        if (keys === 0) start = end
        keys += 1
        if (record === undefined || space.counts(record)) counted += 1
      }
    }
    if (keys > 0) yield { block: { start, keys, counted, digest: undefined }, end }
  } finally {
    await iterator.close()
  }
}

/** Counts those of a range that count, as of a snapshot. */
export async function countRange(
  snapshot: DatabaseSnapshot,
  space: RankedSpace,
  range: KeyRange,
): Promise<number> {
  if (Buffer.compare(range.gte, range.lt) >= 0) return 0
  const iterator = snapshot.iterator({ ...range, ...READ_AHEAD })
  let count = 0
  try {
    for (;;) {
      const entries = await iterator.nextv(KEYS_AT_A_TIME)
      if (entries.length === 0) return count
      for (const [, record] of entries) if (space.counts(record)) count += 1
    }
  } finally {
    await iterator.close()
  }
}
