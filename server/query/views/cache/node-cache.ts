import { BlockCache } from './block-cache.ts'
import { GroupCache } from './group-cache.ts'
import type { LevelNodes } from '../reductions/level-nodes.ts'

/** Of a view with more rows, nodes of level 1 are read from the store. */
const MAX_ROWS = 250_000

/** The nodes of a view at one sequence of its index, kept for the next query: some hundred bytes for 32 rows. */
export class NodeCache {
  readonly seq: number
  readonly groups = new GroupCache()
  readonly blocks = new BlockCache()
  readonly #rows: number
  readonly #levels = new Map<number, Promise<LevelNodes>>()

  constructor(seq: number, rows: number) {
    this.seq = seq
    this.#rows = rows
  }

  /** All nodes of a level, read once; undefined where they are too many to be kept. */
  level(level: number, read: () => Promise<LevelNodes>): Promise<LevelNodes> | undefined {
    if (level === 1 && this.#rows > MAX_ROWS) return undefined
    const known = this.#levels.get(level)
    if (known !== undefined) return known
    const reading = read()
    this.#levels.set(level, reading)
    reading.catch(() => this.#levels.delete(level))
    return reading
  }
}
