import type { JsonValue } from '../../../../protocol/json-value.ts'
import type { IndexStore, StoreSnapshot } from '../../../database/indexes/index-store.ts'
import { LevelNodes } from '../reductions/level-nodes.ts'
import { LEVELS } from '../reductions/levels.ts'
import type { NodeCache } from '../cache/node-cache.ts'
import { readRange } from './read-range.ts'
import { RowBlock, type Rows } from '../cache/row-block.ts'
import { compareKeys, type IndexKeys } from '../row-key.ts'

/** Rows, or a node that stands for rows, in a range of row keys; undefined is the end. */
export type RowSegment = { readonly from: Uint8Array; readonly to: Uint8Array | undefined } & (
  | { readonly rows: readonly Uint8Array[] }
  | { readonly count: number; readonly reduction: JsonValue | undefined; readonly level: number }
)

const countOf = (segment: RowSegment): number => ('rows' in segment ? segment.rows.length : segment.count)

export type Snapshot = StoreSnapshot

const BEGINNING = new Uint8Array(0)

/** Reads a view's rows and nodes as they were when the snapshot was taken. */
export class ViewReader {
  readonly store: IndexStore
  readonly keys: IndexKeys
  readonly view: number
  readonly snapshot: Snapshot
  /** True if the nodes agree with the rows; false while an index is built. */
  readonly hasNodes: boolean
  readonly #cache: NodeCache | undefined

  constructor(options: {
    store: IndexStore
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
  segments(from: Uint8Array, to: Uint8Array | undefined): Promise<RowSegment[]> {
    return this.#collect(this.hasNodes ? LEVELS : 0, from, to)
  }

  /** Returns the number of rows in a range. */
  async count(from: Uint8Array, to: Uint8Array | undefined): Promise<number> {
    const segments = await this.segments(from, to)
    return segments.reduce((sum, segment) => sum + countOf(segment), 0)
  }

  /**
   * Returns the rest of a range without its first rows, or, if descending, without its last ones.
   *
   * @returns a range, and how many of its rows are still to be passed over: some dozens at most
   */
  async skip(
    range: { from: Uint8Array; to: Uint8Array | undefined },
    rows: number,
    descending: boolean,
  ): Promise<{ from: Uint8Array; to: Uint8Array | undefined; skip: number }> {
    let skip = rows
    let segments = await this.segments(range.from, range.to)
    for (;;) {
      if (descending) segments.reverse()
      let found: RowSegment | undefined
      for (const segment of segments) {
        if (skip < countOf(segment)) {
          found = segment
          break
        }
        skip -= countOf(segment)
      }
      if (found === undefined) return { from: range.from, to: range.from, skip: 0 }
      const { from, to } = found
      if ('rows' in found) return descending ? { from: range.from, to, skip } : { from, to: range.to, skip }
      segments = await this.#collect(found.level - 1, from, to)
    }
  }

  /**
   * The rows between two nodes of level 1 about a place: those behind it, or those before it; undefined where nodes are
   * not kept in memory.
   */
  async blockAt(place: Uint8Array | undefined, side: 'behind' | 'before'): Promise<RowBlock | undefined> {
    const cache = this.#cache
    const kept = this.hasNodes ? cache?.level(1, () => this.#readNodes(1, BEGINNING, undefined)) : undefined
    if (cache === undefined || kept === undefined) return undefined
    const nodes = await kept
    let index = place === undefined ? nodes.length : nodes.lowerBound(place)
    const begins =
      side === 'behind' && index < nodes.length && compareKeys(nodes.startOf(index), place ?? BEGINNING) === 0
    if (!begins) index--
    if (index < 0) return undefined
    const from = nodes.startOf(index)
    const to = index + 1 < nodes.length ? nodes.startOf(index + 1) : undefined
    return cache.blocks.get(from, async () => new RowBlock({ from, to }, await this.#readRows(from, to)))
  }

  async #collect(level: number, from: Uint8Array, to: Uint8Array | undefined): Promise<RowSegment[]> {
    if (to !== undefined && compareKeys(from, to) >= 0) return []
    if (level === 0) return this.#rows(from, to)
    const nodes = await this.#nodes(level, from, to)
    const first = nodes.lowerBound(from)
    const end = to === undefined ? nodes.length : nodes.lowerBound(to)
    if (first >= end) return this.#collect(level - 1, from, to)
    // Whether the last node ends in the range is not known, unless the range has no end.
    const whole = to === undefined ? end : end - 1
    const [before, after] = await Promise.all([
      this.#collect(level - 1, from, nodes.startOf(first)),
      to === undefined ? [] : this.#collect(level - 1, nodes.startOf(end - 1), to),
    ])
    const between: RowSegment[] = []
    for (let index = first; index < whole; index++) {
      const count = nodes.countOf(index)
      if (count === 0) continue
      const end = index + 1 < nodes.length ? nodes.startOf(index + 1) : undefined
      between.push({ count, reduction: nodes.reductionOf(index), level, from: nodes.startOf(index), to: end })
    }
    return [...before, ...between, ...after]
  }

  async #nodes(level: number, from: Uint8Array, to: Uint8Array | undefined): Promise<LevelNodes> {
    const kept = this.#cache?.level(level, () => this.#readNodes(level, BEGINNING, undefined))
    return kept ?? this.#readNodes(level, from, to)
  }

  async #readNodes(level: number, from: Uint8Array, to: Uint8Array | undefined): Promise<LevelNodes> {
    const nodes = await readRange(this.store, {
      gte: this.keys.node(this.view, level, from),
      lt: to === undefined ? this.keys.nodes(this.view, level).lt : this.keys.node(this.view, level, to),
      snapshot: this.snapshot,
    })
    return new LevelNodes(
      nodes.map(([key]) => this.keys.rowKeyOf(key, 'node')),
      nodes.map(([, record]) => record),
    )
  }

  async #rows(from: Uint8Array, to: Uint8Array | undefined): Promise<RowSegment[]> {
    const block = await this.blockAt(from, 'behind')
    const isWithin =
      block !== undefined && (block.to === undefined || (to !== undefined && compareKeys(to, block.to) <= 0))
    const { rows } = isWithin ? block.between(from, to) : await this.#readRows(from, to)
    return rows.length === 0 ? [] : [{ rows, from, to }]
  }

  async #readRows(from: Uint8Array, to: Uint8Array | undefined): Promise<Rows> {
    const rows = await readRange(this.store, {
      gte: this.keys.row(this.view, from),
      lt: to === undefined ? this.keys.rows(this.view).lt : this.keys.row(this.view, to),
      snapshot: this.snapshot,
    })
    return { keys: rows.map(([key]) => this.keys.rowKeyOf(key, 'row')), rows: rows.map(([, row]) => row) }
  }
}
