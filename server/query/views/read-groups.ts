import type { JsonValue } from '../../../protocol/json-value.ts'
import type { Entry } from '../../storage/store.ts'
import { rawKey } from '../../../protocol/collation/raw-key.ts'
import { viewKey } from '../../../protocol/collation/view-key.ts'
import type { Reduced, Reducer } from '../reduce/reducer.ts'
import { rowKeyText } from '../row-value.ts'
import type { Collation } from '../sandbox/messages.ts'
import type { GroupCache } from './group-cache.ts'
import { readRange } from './read-range.ts'
import { behind, compareKeys } from './row-key.ts'
import type { RowRange, ViewQuery } from './view-query.ts'
import type { Segment, ViewReader } from './view-reader.ts'

/** A group up to this many rows is read row by row; a larger one by its nodes. */
const SMALL_GROUP = 48
const ROWS_AT_A_TIME = 64
/** Behind a large group another is likely. */
const ROWS_BEHIND_LARGE = 2
/** So many groups are reduced in one go. */
const GROUPS_AT_A_TIME = 100

/** Where a descending walk begins that has no other beginning. */
const BEHIND_ALL = Uint8Array.of(0xff)

interface Rows {
  readonly rows: readonly Uint8Array[]
}

/** A group whose row is known, or what it is to be reduced from. */
type Group =
  | { readonly row: string }
  | {
      /** JSON text. */
      readonly key: string
      readonly segments: readonly (Rows | Segment)[]
      /** Called with its row, where the group is worth remembering. */
      readonly remember?: (row: string) => void
    }

/** A group that a walk is in. */
interface OpenGroup {
  readonly key: string
  readonly start: Uint8Array
  readonly end: Uint8Array
  readonly rows: Uint8Array[]
  /** Where the walk stood before it; undefined where it was in another group. */
  readonly foundFrom: Uint8Array | undefined
}

/** The reduced rows of a query, as JSON texts. */
export async function* readGroups(
  reader: ViewReader,
  query: ViewQuery,
  options: { reducer: Reducer; collation: Collation; partitionBytes: number; groups: GroupCache },
): AsyncGenerator<string> {
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
      yield* await reduceGroups(waiting, reducer)
      waiting = []
    }
    if (limit === 0) break
  }
  yield* await reduceGroups(waiting, reducer)
}

type GroupOptions = Parameters<typeof readGroups>[2]

async function* groupsOf(reader: ViewReader, query: ViewQuery, options: GroupOptions): AsyncGenerator<Group> {
  for (const range of query.ranges) {
    if (query.groupLevel === 0) {
      const segments = await reader.segments(range.from, range.to)
      if (segments.length > 0) yield { key: 'null', segments }
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
    let size = ROWS_AT_A_TIME
    for (;;) {
      const known = current === undefined ? this.#known() : undefined
      if (known !== undefined) {
        yield known
        size = ROWS_BEHIND_LARGE
        continue
      }
      const foundFrom = this.#position
      const entries = await this.#read(size)
      if (entries.length === 0) break
      for (const [place, [rowKey, record]] of entries.entries()) {
        if (current !== undefined && isWithin(rowKey, current.start, current.end)) {
          current.rows.push(record)
        } else {
          if (current !== undefined) yield { key: current.key, segments: [this.#segment(current.rows)] }
          current = this.#groupAt(rowKey, record, place === 0 ? foundFrom : undefined)
        }
      }
      this.#goBehind((entries.at(-1) as [Uint8Array, Uint8Array])[0])
      const isLarge: boolean = current !== undefined && current.rows.length >= Math.min(size, SMALL_GROUP)
      if (current !== undefined && isLarge && this.#reader.hasNodes) {
        yield await this.#whole(current)
        current = undefined
      }
      size = isLarge ? ROWS_BEHIND_LARGE : ROWS_AT_A_TIME
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

  async #read(limit: number): Promise<Entry[]> {
    if (this.#to !== undefined && compareKeys(this.#from, this.#to) >= 0) return []
    const { store, keys, view, snapshot } = this.#reader
    const entries = await readRange(store, {
      gte: keys.row(view, this.#from),
      lt: this.#to === undefined ? keys.rows(view).lt : keys.row(view, this.#to),
      reverse: this.#descending,
      limit,
      snapshot,
    })
    return entries.map(([key, value]) => [keys.rowKeyOf(key, 'row'), value])
  }

  #goBehind(rowKey: Uint8Array): void {
    if (this.#descending) this.#to = rowKey
    else this.#from = Buffer.concat([rowKey, Uint8Array.of(0)])
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

  #segment(rows: Uint8Array[]): Rows {
    return { rows: this.#descending ? rows.reverse() : rows }
  }
}

function isWithin(rowKey: Uint8Array, start: Uint8Array, end: Uint8Array): boolean {
  return compareKeys(rowKey, start) >= 0 && compareKeys(rowKey, end) < 0
}

async function reduceGroups(groups: readonly Group[], reducer: Reducer): Promise<string[]> {
  const lane = 'request'
  const rows = groups.flatMap(group =>
    'row' in group ? [] : group.segments.flatMap(segment => ('rows' in segment ? [segment.rows] : [])),
  )
  const reduced = (await reducer.reduce(rows, lane)).values()
  const parts = groups.map(group =>
    'row' in group
      ? []
      : group.segments.map(segment =>
          'rows' in segment ? (reduced.next().value as JsonValue) : (segment.part ?? null),
        ),
  )
  const many = parts.filter(list => list.length > 1)
  const rereduced = (await reducer.rereduce(many, lane)).values()
  return groups.map((group, at) => {
    if ('row' in group) return group.row
    const list = parts[at] as JsonValue[]
    const part = list.length > 1 ? (rereduced.next().value as JsonValue) : (list[0] ?? null)
    const row = render(group.key, reducer.finish(part))
    group.remember?.(row)
    return row
  })
}

function render(key: string, reduced: Reduced): string {
  if ('value' in reduced) return `{"key":${key},"value":${JSON.stringify(reduced.value)}}`
  const { error, reason } = reduced
  return `{"key":${key},"error":${JSON.stringify(error)},"reason":${JSON.stringify(reason)}}`
}
