import type { JsonValue } from '../../../../protocol/json-value.ts'
import type { IndexStore } from '../../../database/indexes/index-store.ts'
import type { Reducer } from '../../reduce/reducer.ts'
import type { Lane } from '../../../sandbox/admission.ts'
import { LEVELS, levelOf } from './levels.ts'
import { countOf, encodeNode, reductionOf, type ReductionNode } from './node.ts'
import { Overlay, type RowChange } from './overlay.ts'
import { compareKeys, type IndexKeys } from '../row-key.ts'
import type { KeyRange } from '../../../database/indexes/index-store.ts'

/** A batch of the store that nodes are written to. */
export interface NodeBatch {
  put(key: Uint8Array, value: Uint8Array): unknown
  del(key: Uint8Array): unknown
}

const BEGINNING = new Uint8Array(0)
const READ_AT_A_TIME = 1000
const BLOCKS_AT_A_TIME = 64

interface Block {
  readonly from: Uint8Array
  readonly items: readonly RowChange[]
}

/**
 * Counts and reductions of a view's rows, kept in levels of nodes: at each level the first node begins before all rows,
 * and each other where `levelOf` says so. A node of level 1 sums up rows, a node above the nodes of the level below.
 */
export class ReductionTree {
  readonly #store: IndexStore
  readonly #keys: IndexKeys
  readonly #view: number
  readonly #reducer: Reducer | undefined

  constructor(store: IndexStore, keys: IndexKeys, view: number, reducer: Reducer | undefined) {
    this.#store = store
    this.#keys = keys
    this.#view = view
    this.#reducer = reducer
  }

  /** Puts the nodes above changed rows into the batch that changes the rows. */
  async update(rows: Iterable<RowChange>, batch: NodeBatch): Promise<void> {
    let changed = new Overlay(rows)
    for (let level = 1; level <= LEVELS && changed.changes.length > 0; level++) {
      changed = await this.#updateLevel(level, changed, batch)
    }
  }

  /** Rebuilds all nodes from the rows in the store. */
  async rebuild(signal: AbortSignal): Promise<void> {
    for (let level = 1; level <= LEVELS; level++) {
      await this.#store.clear(this.#keys.nodes(this.#view, level))
      let waiting: Block[] = []
      for await (const block of this.#blocks(level)) {
        signal.throwIfAborted()
        waiting.push(block)
        if (waiting.length === BLOCKS_AT_A_TIME) {
          await this.#writeBlocks(level, waiting)
          waiting = []
        }
      }
      await this.#writeBlocks(level, waiting)
    }
  }

  async #updateLevel(level: number, below: Overlay, batch: NodeBatch): Promise<Overlay> {
    const boundaries = await Boundaries.read(
      this.#store,
      this.#keys.nodes(this.#view, level),
      below,
      below.changes.filter(([key]) => key.length > 0 && levelOf(key) >= level),
    )
    const blocks = await Promise.all(
      boundaries.affectedBy(below).map(from => this.#block(level, from, boundaries.after(from), below)),
    )
    const nodes = await this.#summarize(level, blocks, 'background')
    const changes: RowChange[] = blocks.map(({ from }, index) => [
      from,
      encodeNode(nodes[index] as ReductionNode),
    ])
    for (const key of boundaries.removed) changes.push([key, undefined])
    const overlay = new Overlay(changes)
    for (const [from, value] of overlay.changes) {
      const key = this.#keys.node(this.#view, level, from)
      if (value === undefined) batch.del(key)
      else batch.put(key, value)
    }
    return overlay
  }

  async #block(level: number, from: Uint8Array, to: Uint8Array | undefined, below: Overlay): Promise<Block> {
    const stored = await this.#store.iterator(this.#rangeBelow(level, from, to)).all()
    const items = stored.map(([key, value]): RowChange => [this.#rowKey(level - 1, key), value])
    return { from, items: below.merge(items, from, to) }
  }

  #rangeBelow(level: number, from: Uint8Array, to: Uint8Array | undefined): KeyRange {
    const [view, below] = [this.#view, level - 1]
    if (below === 0) {
      return {
        gte: this.#keys.row(view, from),
        lt: to === undefined ? this.#keys.rows(view).lt : this.#keys.row(view, to),
      }
    }
    return {
      gte: this.#keys.node(view, below, from),
      lt: to === undefined ? this.#keys.nodes(view, below).lt : this.#keys.node(view, below, to),
    }
  }

  #rowKey(level: number, key: Uint8Array): Uint8Array {
    return this.#keys.rowKeyOf(key, level === 0 ? 'row' : 'node')
  }

  async *#blocks(level: number): AsyncGenerator<Block> {
    const iterator = this.#store.iterator(this.#rangeBelow(level, BEGINNING, undefined))
    let block: { from: Uint8Array; items: RowChange[] } = { from: BEGINNING, items: [] }
    try {
      for (;;) {
        const entries = await iterator.nextv(READ_AT_A_TIME)
        if (entries.length === 0) break
        for (const [key, value] of entries) {
          const rowKey = this.#rowKey(level - 1, key)
          if (rowKey.length > 0 && levelOf(rowKey) >= level) {
            yield block
            block = { from: rowKey, items: [] }
          }
          block.items.push([rowKey, value])
        }
      }
    } finally {
      await iterator.close()
    }
    yield block
  }

  async #writeBlocks(level: number, blocks: readonly Block[]): Promise<void> {
    const nodes = await this.#summarize(level, blocks, 'background')
    const batch = this.#store.batch()
    for (const [index, { from }] of blocks.entries()) {
      batch.put(this.#keys.node(this.#view, level, from), encodeNode(nodes[index] as ReductionNode))
    }
    await batch.write()
  }

  async #summarize(level: number, blocks: readonly Block[], lane: Lane): Promise<ReductionNode[]> {
    const values = blocks.map(({ items }) => items.map(([, value]) => value as Uint8Array))
    const counts = values.map(items =>
      level === 1 ? items.length : items.reduce((sum, node) => sum + countOf(node), 0),
    )
    const reductions = await this.#reduceBlocks(level, values, lane)
    return counts.map((count, index) => ({ count, reduction: count === 0 ? undefined : reductions[index] }))
  }

  async #reduceBlocks(
    level: number,
    blocks: readonly (readonly Uint8Array[])[],
    lane: Lane,
  ): Promise<(JsonValue | undefined)[]> {
    if (this.#reducer === undefined) return []
    const inputs = blocks.map(items => (level === 1 ? items : items.filter(node => countOf(node) > 0)))
    const full = [...inputs.keys()].filter(index => (inputs[index] as readonly unknown[]).length > 0)
    const reduced =
      level === 1
        ? await this.#reducer.reduce(
            full.map(index => inputs[index] as readonly Uint8Array[]),
            lane,
          )
        : await this.#reducer.rereduce(
            full.map(index =>
              (inputs[index] as readonly Uint8Array[]).map(node => reductionOf(node) ?? null),
            ),
            lane,
          )
    const reductions = new Array<JsonValue | undefined>(blocks.length)
    for (const [index, i] of full.entries()) reductions[i] = reduced[index]
    return reductions
  }
}

/** Start keys of a level's nodes around some changes, including those not yet in the store. */
class Boundaries {
  readonly removed: readonly Uint8Array[]
  readonly #added: readonly Uint8Array[]
  /** In order: from the last before all changes to the first behind them. */
  readonly #all: readonly Uint8Array[]

  /**
   * @param range the keys of the level's nodes
   * @param below what changes on the level below
   * @param changes those of them that begin a node of this level
   */
  static async read(
    store: IndexStore,
    range: KeyRange,
    below: Overlay,
    changes: readonly RowChange[],
  ): Promise<Boundaries> {
    const changed = new Set(changes.map(([key]) => text(key)))
    const stays = (key: Uint8Array) => !changed.has(text(key))
    const first = full(range, below.changes[0]?.[0])
    const last = full(range, below.changes.at(-1)?.[0])
    const rowKeyOf = (key: Uint8Array) => key.subarray(range.gte.length)
    const before = await find(store, { gte: range.gte, lte: first, reverse: true }, key =>
      stays(rowKeyOf(key)),
    )
    const behind = await find(store, { gt: last, lt: range.lt }, key => stays(rowKeyOf(key)))
    const between = await store.keys({ gt: first, lte: last }).all()
    const stored = [before, ...between, behind].flatMap(key => (key === undefined ? [] : [rowKeyOf(key)]))
    return new Boundaries(stored.filter(stays), changes)
  }

  private constructor(stored: readonly Uint8Array[], changes: readonly RowChange[]) {
    this.#added = changes.filter(([, value]) => value !== undefined).map(([key]) => key)
    this.removed = changes.filter(([, value]) => value === undefined).map(([key]) => key)
    const isFirst = stored[0]?.length === 0
    this.#all = [...(isFirst ? [] : [BEGINNING]), ...stored, ...this.#added].sort(compareKeys)
  }

  /** The nodes that hold changed items, in order. */
  affectedBy(below: Overlay): Uint8Array[] {
    const starts = new Set<number>()
    for (const [key] of below.changes) starts.add(this.#upTo(key))
    // A node that is new takes items from the one before it.
    for (const key of this.#added) starts.add(this.#upTo(key) - 1)
    return [...starts].sort((a, b) => a - b).flatMap(index => this.#all[index] ?? [])
  }

  /** Returns the start key of the next node, undefined after the last. */
  after(key: Uint8Array): Uint8Array | undefined {
    return this.#all[this.#upTo(key) + 1]
  }

  /** The place of the last that is not behind the key. */
  #upTo(key: Uint8Array): number {
    let low = 0
    let high = this.#all.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareKeys(this.#all[middle] as Uint8Array, key) <= 0) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

function full(range: KeyRange, rowKey: Uint8Array = BEGINNING): Uint8Array {
  return Buffer.concat([range.gte, rowKey])
}

async function find(
  store: IndexStore,
  range: object,
  isWanted: (key: Uint8Array) => boolean,
): Promise<Uint8Array | undefined> {
  for await (const key of store.keys(range)) if (isWanted(key)) return key
  return undefined
}

function text(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1')
}
