import type { JsonValue } from '../../../protocol/json-value.ts'
import type { Store, StoreSnapshot } from '../../storage/store.ts'
import { LEVELS } from './levels.ts'
import { countOf, partOf } from './node.ts'
import { nodesBetween, type LevelNodes, type NodeCache } from './node-cache.ts'
import type { IndexKeys } from './row-key.ts'

/** Rows, or a node that stands for rows. */
export type Segment =
  { readonly rows: readonly Uint8Array[] } | { readonly count: number; readonly part: JsonValue | undefined }

export type Snapshot = StoreSnapshot

/** Reads a view's rows and nodes as they were when the snapshot was taken. */
export class ViewReader {
  readonly store: Store
  readonly keys: IndexKeys
  readonly view: number
  readonly snapshot: Snapshot
  /** Whether the nodes agree with the rows: not while an index is built. */
  readonly hasNodes: boolean
  readonly #cache: NodeCache | undefined

  constructor(options: {
    store: Store
    keys: IndexKeys
    view: number
    snapshot: Snapshot
    hasNodes: boolean
    cache?: NodeCache
  }) {
    this.store = options.store
    this.keys = options.keys
    this.view = options.view
    this.snapshot = options.snapshot
    this.hasNodes = options.hasNodes
    this.#cache = options.cache
  }

  /**
   * The rows of a range in segments, in order: single rows at its ends and nodes between. It reads some dozens of
   * records for each level, however many rows there are.
   *
   * @param to left out of the range; undefined is the end
   */
  async segments(from: Uint8Array, to: Uint8Array | undefined): Promise<Segment[]> {
    const segments: Segment[] = []
    await this.#collect(this.hasNodes ? LEVELS : 0, from, to, segments)
    return segments
  }

  /** How many rows there are in a range. */
  async count(from: Uint8Array, to: Uint8Array | undefined): Promise<number> {
    const segments = await this.segments(from, to)
    return segments.reduce(
      (sum, segment) => sum + ('rows' in segment ? segment.rows.length : segment.count),
      0,
    )
  }

  async #collect(level: number, from: Uint8Array, to: Uint8Array | undefined, out: Segment[]): Promise<void> {
    if (level === 0) return this.#collectRows(from, to, out)
    const { starts, records } = await this.#nodes(level, from, to)
    // Whether the last node ends in the range is not known, unless the range has no end.
    const whole = to === undefined ? records.length : records.length - 1
    await this.#collectBetween(level, from, starts[0] ?? to, out)
    for (const record of records.slice(0, Math.max(0, whole))) {
      if (countOf(record) > 0) out.push({ count: countOf(record), part: partOf(record) })
    }
    const last = starts.at(-1)
    if (last !== undefined && to !== undefined) await this.#collectBetween(level, last, to, out)
  }

  async #nodes(level: number, from: Uint8Array, to: Uint8Array | undefined): Promise<LevelNodes> {
    const kept = await this.#cache?.level(level, () => this.#readNodes(level, new Uint8Array(0), undefined))
    return kept === undefined ? this.#readNodes(level, from, to) : nodesBetween(kept, from, to)
  }

  async #readNodes(level: number, from: Uint8Array, to: Uint8Array | undefined): Promise<LevelNodes> {
    const range = {
      gte: this.keys.node(this.view, level, from),
      lt: to === undefined ? this.keys.nodes(this.view, level).lt : this.keys.node(this.view, level, to),
      snapshot: this.snapshot,
    }
    const nodes = await this.store.iterator(range).all()
    return {
      starts: nodes.map(([key]) => this.keys.rowKeyOf(key, 'node')),
      records: nodes.map(([, record]) => record),
    }
  }

  #collectBetween(
    level: number,
    from: Uint8Array,
    to: Uint8Array | undefined,
    out: Segment[],
  ): Promise<void> {
    const isEmpty = to !== undefined && Buffer.compare(from, to) >= 0
    return isEmpty ? Promise.resolve() : this.#collect(level - 1, from, to, out)
  }

  async #collectRows(from: Uint8Array, to: Uint8Array | undefined, out: Segment[]): Promise<void> {
    const range = {
      gte: this.keys.row(this.view, from),
      lt: to === undefined ? this.keys.rows(this.view).lt : this.keys.row(this.view, to),
      snapshot: this.snapshot,
    }
    const rows = await this.store.values(range).all()
    if (rows.length > 0) out.push({ rows })
  }
}
