import type { JsonValue } from '../../../protocol/json-value.ts'
import { rawKey } from '../../../protocol/collation/raw-key.ts'
import { viewKey } from '../../../protocol/collation/view-key.ts'
import type { Reduced, Reducer } from '../reduce/reducer.ts'
import { rowKeyText } from '../row-value.ts'
import type { Collation } from '../sandbox/messages.ts'
import type { Segment, ViewReader } from './fold.ts'
import { behind, compareKeys } from './row-key.ts'
import type { RowRange, ViewQuery } from './view-query.ts'

/** A group up to this many rows is read row by row; a larger one by its nodes. */
const SMALL_GROUP = 48
const ROWS_AT_A_TIME = 64
/** So many groups are reduced in one go. */
const GROUPS_AT_A_TIME = 100

interface Group {
  /** JSON text. */
  readonly key: string
  readonly segments: readonly Segment[]
}

/** The reduced rows of a query, as JSON texts. */
export async function* readGroups(
  reader: ViewReader,
  query: ViewQuery,
  options: { reducer: Reducer; collation: Collation; partitionBytes: number },
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
  #from: Uint8Array
  #to: Uint8Array | undefined

  constructor(
    reader: ViewReader,
    query: ViewQuery,
    range: RowRange,
    { collation, partitionBytes }: GroupOptions,
  ) {
    this.#reader = reader
    this.#level = query.groupLevel ?? 0
    this.#descending = query.descending
    this.#sortKey = collation === 'raw' ? rawKey : viewKey
    this.#partitionBytes = partitionBytes
    this.#from = range.from
    this.#to = range.to
  }

  async *groups(): AsyncGenerator<Group> {
    let current: { key: string; start: Uint8Array; end: Uint8Array; rows: Uint8Array[] } | undefined
    for (let entries = await this.#read(); entries.length > 0; entries = await this.#read()) {
      for (const [rowKey, record] of entries) {
        if (current !== undefined && isWithin(rowKey, current.start, current.end)) {
          current.rows.push(record)
        } else {
          if (current !== undefined) yield { key: current.key, segments: [this.#segment(current.rows)] }
          current = this.#groupAt(rowKey, record)
        }
      }
      this.#goBehind((entries.at(-1) as [Uint8Array, Uint8Array])[0])
      if (current !== undefined && current.rows.length >= SMALL_GROUP && this.#reader.hasNodes) {
        yield { key: current.key, segments: [this.#segment(current.rows), ...(await this.#rest(current))] }
        current = undefined
      }
    }
    if (current !== undefined) yield { key: current.key, segments: [this.#segment(current.rows)] }
  }

  #groupAt(rowKey: Uint8Array, record: Uint8Array) {
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
    return { key: isCut ? JSON.stringify(shown) : text, start, end: behind(start), rows: [record] }
  }

  async #read(): Promise<[Uint8Array, Uint8Array][]> {
    if (this.#to !== undefined && compareKeys(this.#from, this.#to) >= 0) return []
    const { store, keys, view, snapshot } = this.#reader
    const iterator = store.iterator({
      gte: keys.row(view, this.#from),
      lt: this.#to === undefined ? keys.rows(view).lt : keys.row(view, this.#to),
      reverse: this.#descending,
      limit: ROWS_AT_A_TIME,
      snapshot,
    })
    const entries = await iterator.all()
    return entries.map(([key, value]) => [keys.rowKeyOf(key, 'row'), value])
  }

  #goBehind(rowKey: Uint8Array): void {
    if (this.#descending) this.#to = rowKey
    else this.#from = Buffer.concat([rowKey, Uint8Array.of(0)])
  }

  /** What is left of a group in the range; the walk goes on behind it. */
  async #rest({ start, end }: { start: Uint8Array; end: Uint8Array }): Promise<Segment[]> {
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

  #segment(rows: Uint8Array[]): Segment {
    return { rows: this.#descending ? rows.reverse() : rows }
  }
}

function isWithin(rowKey: Uint8Array, start: Uint8Array, end: Uint8Array): boolean {
  return compareKeys(rowKey, start) >= 0 && compareKeys(rowKey, end) < 0
}

async function reduceGroups(groups: readonly Group[], reducer: Reducer): Promise<string[]> {
  const lane = 'request'
  const rows = groups.flatMap(({ segments }) =>
    segments.flatMap(segment => ('rows' in segment ? [segment.rows] : [])),
  )
  const reduced = (await reducer.reduce(rows, lane)).values()
  const parts = groups.map(({ segments }) =>
    segments.map(segment =>
      'rows' in segment ? (reduced.next().value as JsonValue) : (segment.part ?? null),
    ),
  )
  const many = parts.filter(list => list.length > 1)
  const rereduced = (await reducer.rereduce(many, lane)).values()
  return groups.map(({ key }, at) => {
    const list = parts[at] as JsonValue[]
    const part = list.length > 1 ? (rereduced.next().value as JsonValue) : (list[0] ?? null)
    return render(key, reducer.finish(part))
  })
}

function render(key: string, reduced: Reduced): string {
  if ('value' in reduced) return `{"key":${key},"value":${JSON.stringify(reduced.value)}}`
  const { error, reason } = reduced
  return `{"key":${key},"error":${JSON.stringify(error)},"reason":${JSON.stringify(reason)}}`
}
