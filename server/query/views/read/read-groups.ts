import type { JsonValue } from '../../../../protocol/json-value.ts'
import { rawKey } from '../../../../protocol/collation/raw-key.ts'
import { viewKey } from '../../../../protocol/collation/view-key.ts'
import type { Reducer } from '../../reduce/reducer.ts'
import { rowKeyText } from '../../../../protocol/view-row.ts'
import type { Collation } from '../../../sandbox/messages.ts'
import type { GroupCache } from '../cache/group-cache.ts'
import { readRange } from './read-range.ts'
import type { Rows } from '../cache/row-block.ts'
import { reduceGroups, type Group, type RowsAlone } from './reduce-groups.ts'
import { behind, compareKeys } from '../row-key.ts'
import type { RowRange, ViewQuery } from '../request/view-query.ts'
import type { Segment, ViewReader } from './view-reader.ts'

/** A group up to this many rows is read row by row; a larger one by its nodes. */
const SMALL_GROUP = 48
const ROWS_AT_A_TIME = 64
const MOST_ROWS_AT_A_TIME = 256
/** So many groups are reduced in one go. */
const GROUPS_AT_A_TIME = 100

/** Where a descending walk begins that has no other beginning. */
const BEHIND_ALL = Uint8Array.of(0xff)

/** A group that a walk is in. */
interface OpenGroup {
  readonly key: string
  readonly start: Uint8Array
  readonly end: Uint8Array
  readonly rows: Uint8Array[]
  /** Where the walk stood before it; undefined where it was in another group. */
  readonly foundFrom: Uint8Array | undefined
}

/** The reduced rows of a query, as JSON texts, some at a time. */
export async function* readGroups(
  reader: ViewReader,
  query: ViewQuery,
  options: { reducer: Reducer; collation: Collation; partitionBytes: number; groups: GroupCache },
): AsyncGenerator<string[]> {
  const { reducer } = options
  let { skip, limit } = query
  if (limit === 0) return
  let waiting: Group[] = []
  for await (const group of groupsOf(reader, query, options)) {
    if (skip > 0) {
      skip--
      continue
    }
    waiting.push(group)
    limit--
    if (waiting.length === GROUPS_AT_A_TIME || limit === 0) {
      yield await reduceGroups(waiting, reducer)
      waiting = []
    }
    if (limit === 0) break
  }
  if (waiting.length > 0) yield await reduceGroups(waiting, reducer)
}

type GroupOptions = Parameters<typeof readGroups>[2]

async function* groupsOf(reader: ViewReader, query: ViewQuery, options: GroupOptions): AsyncGenerator<Group> {
  for (const [at, range] of query.ranges.entries()) {
    // The rows of one of several keys are one group, which shows the key as it was asked for.
    const key = query.groupLevel === 0 ? 'null' : query.keyTexts[at]
    if (key !== undefined) {
      const segments = await reader.segments(range.from, range.to)
      if (segments.length > 0) yield { key, segments }
    } else {
      yield* new Grouping(reader, query, range, options).groups()
    }
  }
}

/** Walks the rows of a range, and puts those together whose keys begin alike. */
class Grouping {
  readonly #reader: ViewReader
  readonly #level: number
  readonly #descending: boolean
  readonly #sortKey: (value: JsonValue) => Uint8Array
  readonly #partitionBytes: number
  readonly #cache: GroupCache
  /** What walks must have in common to come upon the same groups. */
  readonly #walk: string
  #from: Uint8Array
  #to: Uint8Array | undefined

  constructor(
    reader: ViewReader,
    query: ViewQuery,
    range: RowRange,
    { collation, partitionBytes, groups }: GroupOptions,
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

  async *groups(): AsyncGenerator<Group> {
    let current: OpenGroup | undefined
    // At its beginning and behind a large group the walk comes upon what others came upon: blocks that may be in memory.
    let size: number | 'block' = 'block'
    for (;;) {
      const known = current === undefined ? this.#known() : undefined
      if (known !== undefined) {
        yield known
        size = 'block'
        continue
      }
      const foundFrom = this.#position
      const { keys, rows } = await this.#read(size)
      if (rows.length === 0) break
      for (const [place, row] of rows.entries()) {
        const rowKey = keys[place] as Uint8Array
        if (current !== undefined && isWithin(rowKey, current.start, current.end)) {
          current.rows.push(row)
        } else {
          if (current !== undefined) yield { key: current.key, segments: [this.#segment(current.rows)] }
          current = this.#groupAt(rowKey, row, place === 0 ? foundFrom : undefined)
        }
      }
      const isLarge: boolean =
        current !== undefined &&
        this.#goesOn(current) &&
        current.rows.length >= Math.min(rows.length, SMALL_GROUP)
      if (current !== undefined && isLarge && this.#reader.hasNodes) {
        yield await this.#whole(current)
        current = undefined
      }
      if (isLarge) size = 'block'
      else size = size === 'block' ? ROWS_AT_A_TIME : Math.min(2 * size, MOST_ROWS_AT_A_TIME)
    }
    if (current !== undefined) yield { key: current.key, segments: [this.#segment(current.rows)] }
  }

  /** The next group, where an earlier walk came upon it whole and it is whole in this range too. */
  #known(): Group | undefined {
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

  /** A large group, the rows of which were read in part. */
  async #whole(group: OpenGroup): Promise<Group> {
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
    return { key: isCut ? JSON.stringify(shown) : text, start, end: behind(start), rows: [record], foundFrom }
  }

  /** The next rows, in the order of the walk, which then stands behind them. */
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

  /** The rest of the block that the walk stands in, or the next; undefined where blocks are not kept. */
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

  /** Whether rows of a group can lie where the walk has not been. */
  #goesOn({ start, end }: OpenGroup): boolean {
    if (this.#descending) return this.#to === undefined || compareKeys(start, this.#to) < 0
    return compareKeys(end, this.#from) > 0
  }

  /** What is left of a group in the range; the walk goes on behind it. */
  async #rest({ start, end }: OpenGroup): Promise<Segment[]> {
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

  #segment(rows: Uint8Array[]): RowsAlone {
    return { rows: this.#descending ? rows.reverse() : rows }
  }
}

function isWithin(rowKey: Uint8Array, start: Uint8Array, end: Uint8Array): boolean {
  return compareKeys(rowKey, start) >= 0 && compareKeys(rowKey, end) < 0
}
