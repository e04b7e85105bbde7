import type { JsonValue } from '../../../../protocol/json-value.ts'
import { rawKey } from '../../../../protocol/collation/raw-key.ts'
import { viewKey } from '../../../../protocol/collation/view-key.ts'
import { rowKeyText } from '../../../../protocol/view-row.ts'
import type { Collation } from '../../../sandbox/messages.ts'
import type { GroupCache } from '../cache/group-cache.ts'
import { readRange } from './read-range.ts'
import type { Rows } from '../cache/row-block.ts'
import type { RowGroup, RowsOnly } from './reduce-groups.ts'
import { prefixEnd, compareKeys } from '../row-key.ts'
import type { RowRange, ViewQuery } from '../request/view-query.ts'
import type { RowSegment, ViewReader } from './view-reader.ts'

/** Rows up to which a group is read row by row; a larger one is reduced from nodes of the index. */
const SMALL_GROUP = 48
const ROWS_AT_A_TIME = 64
const MAX_ROWS_AT_A_TIME = 256
/** First position of a descending walk without an upper limit: greater than every row key. */
const BEHIND_ALL = Uint8Array.of(0xff)

/** A group of which not all rows have been read. */
interface OpenGroup {
  readonly key: string
  readonly start: Uint8Array
  readonly end: Uint8Array
  readonly rows: Uint8Array[]
  /** Position of the walk just before the group; undefined if that was inside another group. */
  readonly foundFrom: Uint8Array | undefined
}

/** Settings of a walk that its query does not hold. */
export interface GroupWalkOptions {
  readonly collation: Collation
  /** Length of the partition's sort key, with which all row keys begin; 0 without one. */
  readonly partitionBytes: number
  readonly groups: GroupCache
}

/** Walks over the rows of a range and cuts them into groups: adjacent rows whose keys begin with the same elements. */
export class GroupWalk {
  readonly #reader: ViewReader
  readonly #level: number
  readonly #descending: boolean
  readonly #sortKey: (value: JsonValue) => Uint8Array
  readonly #partitionBytes: number
  readonly #cache: GroupCache
  /** Key of the cache: level, direction and partitioning, without which two walks find different groups. */
  readonly #walk: string
  #from: Uint8Array
  #to: Uint8Array | undefined
  #open: OpenGroup | undefined
  /** True if the open group is better read through its nodes than row by row. */
  #isLarge = false
  #isAtEnd = false
  /** Rows of the next read. At the beginning and after a large group a block, which may be in memory already. */
  #size: number | 'block' = 'block'

  constructor(
    reader: ViewReader,
    query: ViewQuery,
    range: RowRange,
    { collation, partitionBytes, groups }: GroupWalkOptions,
  ) {
    this.#reader = reader
    this.#level = query.groupLevel ?? 0
    this.#descending = query.descending
    this.#sortKey = collation === 'raw' ? rawKey : viewKey
    this.#partitionBytes = partitionBytes
    this.#cache = groups
    this.#walk = `${this.#level}${this.#descending ? '-' : '+'}${partitionBytes > 0 ? 'p' : ''}`
    this.#from = range.from
    this.#to = range.to
  }

  /** Returns the next groups, in order; none at the end of the range. */
  async next(): Promise<readonly RowGroup[]> {
    let groups: readonly RowGroup[] = []
    while (groups.length === 0 && !this.#isAtEnd) groups = await this.#step()
    return groups
  }

  async #step(): Promise<readonly RowGroup[]> {
    const open = this.#open
    if (open !== undefined && this.#isLarge && this.#reader.hasNodes) {
      this.#open = undefined
      return [await this.#completeByNodes(open)]
    }
    const cached = open === undefined ? this.#fromCache() : undefined
    if (cached !== undefined) {
      this.#size = 'block'
      return [cached]
    }
    return this.#readGroups()
  }

  /** Reads the next rows and returns the groups that end within them; the last one stays open. */
  async #readGroups(): Promise<readonly RowGroup[]> {
    const foundFrom = this.#position
    const { keys, rows } = await this.#read(this.#size)
    this.#isAtEnd = rows.length === 0
    if (this.#isAtEnd) return this.#open === undefined ? [] : [this.#close(this.#open)]
    const groups: RowGroup[] = []
    for (const [index, row] of rows.entries()) {
      const rowKey = keys[index] as Uint8Array
      if (this.#open !== undefined && isWithin(rowKey, this.#open.start, this.#open.end)) {
        this.#open.rows.push(row)
      } else {
        if (this.#open !== undefined) groups.push(this.#close(this.#open))
        this.#open = this.#groupAt(rowKey, row, index === 0 ? foundFrom : undefined)
      }
    }
    this.#chooseSize(rows.length)
    return groups
  }

  #chooseSize(rowsRead: number): void {
    const open = this.#open
    this.#isLarge =
      open !== undefined && this.#goesOn(open) && open.rows.length >= Math.min(rowsRead, SMALL_GROUP)
    if (this.#isLarge) this.#size = 'block'
    else this.#size = this.#size === 'block' ? ROWS_AT_A_TIME : Math.min(2 * this.#size, MAX_ROWS_AT_A_TIME)
  }

  #close({ key, rows }: OpenGroup): RowGroup {
    return { key, segments: [this.#segment(rows)] }
  }

  /** Returns the next group if an earlier walk stored its row and it lies completely in this range. */
  #fromCache(): RowGroup | undefined {
    if (this.#cache.isEmpty) return undefined
    const known = this.#cache.get(this.#walk, this.#position)
    if (known === undefined) return undefined
    if (this.#descending) {
      if (compareKeys(known.next, this.#from) < 0) return undefined
      this.#to = known.next
    } else {
      if (this.#to !== undefined && compareKeys(known.next, this.#to) > 0) return undefined
      this.#from = known.next
    }
    return { row: known.row }
  }

  /** Completes a large group, of which some rows were read, from the nodes of the index. */
  async #completeByNodes(group: OpenGroup): Promise<RowGroup> {
    const { key, start, end, rows, foundFrom } = group
    const isWhole =
      foundFrom !== undefined &&
      (this.#descending
        ? compareKeys(end, foundFrom) <= 0 && compareKeys(start, this.#from) >= 0
        : compareKeys(start, foundFrom) >= 0 && (this.#to === undefined || compareKeys(end, this.#to) <= 0))
    const next = this.#descending ? start : end
    const rest = await this.#rest(group)
    const first = this.#segment(rows)
    const segments = this.#descending ? [...rest, first] : [first, ...rest]
    if (!isWhole) return { key, segments }
    return { key, segments, remember: row => this.#cache.put(this.#walk, foundFrom, { row, next }) }
  }

  get #position(): Uint8Array {
    return this.#descending ? (this.#to ?? BEHIND_ALL) : this.#from
  }

  #groupAt(rowKey: Uint8Array, record: Uint8Array, foundFrom: Uint8Array | undefined): OpenGroup {
    const text = rowKeyText(record)
    const key = JSON.parse(text) as JsonValue
    const isCut = Array.isArray(key) && key.length > this.#level
    const shown = isCut ? key.slice(0, this.#level) : key
    const sortKey = this.#sortKey(shown)
    // Arrays that begin with these elements: all but the end of the array.
    const isPrefix = Array.isArray(shown) && shown.length === this.#level
    const start = Buffer.concat([
      rowKey.subarray(0, this.#partitionBytes),
      isPrefix ? sortKey.subarray(0, -1) : sortKey,
    ])
    return {
      key: isCut ? JSON.stringify(shown) : text,
      start,
      end: prefixEnd(start),
      rows: [record],
      foundFrom,
    }
  }

  /** Reads the next rows, in the order of the walk, and moves the walk past them. */
  async #read(size: number | 'block'): Promise<Rows> {
    const isEmpty = this.#to !== undefined && compareKeys(this.#from, this.#to) >= 0
    if (isEmpty) return { keys: [], rows: [] }
    const block = size === 'block' ? await this.#readBlock() : undefined
    if (block !== undefined) return block
    const { store, keys, view, snapshot } = this.#reader
    const entries = await readRange(store, {
      gte: keys.row(view, this.#from),
      lt: this.#to === undefined ? keys.rows(view).lt : keys.row(view, this.#to),
      reverse: this.#descending,
      limit: size === 'block' ? ROWS_AT_A_TIME : size,
      snapshot,
    })
    const rowKeys = entries.map(([key]) => keys.rowKeyOf(key, 'row'))
    this.#goBehind(rowKeys.at(-1))
    return { keys: rowKeys, rows: entries.map(([, row]) => row) }
  }

  /** Reads the rest of the current block, or the next; undefined if blocks are not cached. */
  async #readBlock(): Promise<Rows | undefined> {
    for (;;) {
      const block = await this.#reader.blockAt(this.#position, this.#descending ? 'before' : 'behind')
      if (block === undefined) return undefined
      const { keys, rows } = block.between(this.#from, this.#to)
      const edge = this.#descending ? block.from : block.to
      if (edge === undefined) this.#goBehind(keys.at(-1))
      else if (this.#descending) this.#to = edge
      else this.#from = edge
      const isEnd = edge === undefined || (this.#to !== undefined && compareKeys(this.#from, this.#to) >= 0)
      if (rows.length === 0 && !isEnd) continue
      return this.#descending ? { keys: keys.toReversed(), rows: rows.toReversed() } : { keys, rows }
    }
  }

  #goBehind(rowKey: Uint8Array | undefined): void {
    if (rowKey === undefined) return
    if (this.#descending) this.#to = rowKey
    else this.#from = Buffer.concat([rowKey, Uint8Array.of(0)])
  }

  /** Returns whether a group may have rows that have not been read. */
  #goesOn({ start, end }: OpenGroup): boolean {
    if (this.#descending) return this.#to === undefined || compareKeys(start, this.#to) < 0
    return compareKeys(end, this.#from) > 0
  }

  /** Returns the unread part of a group within the range and moves the walk past it. */
  async #rest({ start, end }: OpenGroup): Promise<RowSegment[]> {
    if (this.#descending) {
      const from = compareKeys(start, this.#from) > 0 ? start : this.#from
      const segments = await this.#reader.segments(from, this.#to)
      this.#to = from
      return segments
    }
    const to = this.#to === undefined || compareKeys(end, this.#to) < 0 ? end : this.#to
    const segments = await this.#reader.segments(this.#from, to)
    this.#from = to
    return segments
  }

  #segment(rows: Uint8Array[]): RowsOnly {
    return { rows: this.#descending ? rows.reverse() : rows }
  }
}

function isWithin(rowKey: Uint8Array, start: Uint8Array, end: Uint8Array): boolean {
  return compareKeys(rowKey, start) >= 0 && compareKeys(rowKey, end) < 0
}
