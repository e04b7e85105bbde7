import { TimeSlice } from '../../../concurrency/time-slice.ts'
import type { Reducer } from '../../reduce/reducer.ts'
import type { RowRange, ViewQuery } from '../request/view-query.ts'
import { GroupWalk, type GroupWalkOptions } from './group-walk.ts'
import { reduceGroups, type RowGroup } from './reduce-groups.ts'
import type { ViewReader } from './view-reader.ts'

/** Groups that are reduced together: one call of a JavaScript function for all of them. */
const GROUPS_AT_A_TIME = 100

/** Reads the reduced rows of a query, as JSON texts joined by ",\n", in pieces. */
export async function* readGroups(
  reader: ViewReader,
  query: ViewQuery,
  reducer: Reducer,
  options: GroupWalkOptions,
): AsyncGenerator<string> {
  if (query.limit === 0) return
  const groups = new GroupSource(reader, query, options)
  let { skip, limit } = query
  let waiting: RowGroup[] = []
  let separator = ''
  for (let found = await groups.next(); ; found = await groups.next()) {
    const wanted = found.slice(skip, skip + limit)
    skip = Math.max(0, skip - found.length)
    limit -= wanted.length
    waiting.push(...wanted)
    const isEnd = limit === 0 || found.length === 0
    while (waiting.length >= GROUPS_AT_A_TIME || (isEnd && waiting.length > 0)) {
      const rows = await reduceGroups(waiting.slice(0, GROUPS_AT_A_TIME), reducer)
      waiting = waiting.slice(GROUPS_AT_A_TIME)
      yield separator + rows.join(',\n')
      separator = ',\n'
    }
    if (isEnd) return
  }
}

/** Finds the groups of all ranges of a query, in order. */
class GroupSource {
  readonly #reader: ViewReader
  readonly #query: ViewQuery
  readonly #options: GroupWalkOptions
  readonly #slice = new TimeSlice()
  #index = -1
  #walk: GroupWalk | undefined

  constructor(reader: ViewReader, query: ViewQuery, options: GroupWalkOptions) {
    this.#reader = reader
    this.#query = query
    this.#options = options
  }

  /** Returns the next groups; none when the last range is done. */
  async next(): Promise<readonly RowGroup[]> {
    for (;;) {
      const groups = await this.#walk?.next()
      if (groups !== undefined && groups.length > 0) return groups
      this.#walk = undefined
      this.#index++
      const range = this.#query.ranges.at(this.#index)
      if (range === undefined) return []
      // What is read is often in memory, and lets nobody in between.
      if (this.#slice.isOver) await this.#slice.pause()
      const group = await this.#open(range)
      if (group !== undefined) return [group]
    }
  }

  /** Begins a range; returns its group if all of its rows are one, which shows the key as the request wrote it. */
  async #open(range: RowRange): Promise<RowGroup | undefined> {
    const key = this.#query.groupLevel === 0 ? 'null' : this.#query.keyText(this.#index)
    if (key === undefined) {
      this.#walk = new GroupWalk(this.#reader, this.#query, range, this.#options)
      return undefined
    }
    const segments = await this.#reader.segments(range.from, range.to)
    return segments.length > 0 ? { key, segments } : undefined
  }
}
