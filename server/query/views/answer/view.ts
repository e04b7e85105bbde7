import { TimeSlice } from '../../../concurrency/time-slice.ts'
import { fail } from '../../../../protocol/errors.ts'
import type { UserContext } from '../../../../protocol/user-context.ts'
import type { Database } from '../../../database/database.ts'
import { requireWholeView } from '../../../database/documents/apply-rules.ts'
import type { StoreSnapshot } from '../../../database/indexes/index-store.ts'
import type { ViewIndex } from '../index/view-index.ts'
import { ViewReader } from '../read/view-reader.ts'
import type { GroupCache } from '../cache/group-cache.ts'
import { readGroups } from '../read/read-groups.ts'
import { readRows } from '../read/read-rows.ts'
import type { ViewParameters } from '../../../../protocol/view-parameters.ts'
import { viewQuery, type QueriedView, type RowRange, type ViewQuery } from '../request/view-query.ts'

/** The parts of an answer, in the order in which CouchDB writes them. */
export type AnswerPieces = AsyncGenerator<Uint8Array | string>

/** Reduced rows are given together: most answers have few. */
const PIECE_LENGTH = 64 * 1024

/** The rows of a view at one state of its index. */
interface IndexRead {
  readonly reader: ViewReader
  readonly total: number
  readonly seq: number
  readonly groups: GroupCache
}

/** A view of an index: checks and answers queries. */
export class View {
  readonly #database: Database
  readonly #index: ViewIndex
  readonly #view: number
  readonly #reader: UserContext

  /**
   * @param reader who queries it
   * @throws `missing_named_view`; what the database's rules throw for who may not see every document
   */
  constructor(database: Database, index: ViewIndex, name: string, reader: UserContext) {
    requireWholeView(database, reader)
    this.#reader = reader
    this.#database = database
    this.#index = index
    this.#view = index.definition.views.findIndex(view => view.name === name)
    if (this.#view < 0) throw fail('missingView')
  }

  /** @throws `query_parse_error` */
  check(parameters: ViewParameters): ViewQuery {
    return viewQuery(parameters, this.#described)
  }

  /**
   * Answers queries, all from one state of the index.
   *
   * @param onlyOne whether the answer is that of a query, and not a list of answers
   */
  answer(queries: readonly ViewQuery[], options: { onlyOne: boolean }): AnswerPieces | Promise<AnswerPieces> {
    const begin = () => this.#begin(queries, options)
    if (queries.some(({ update }) => update === 'true')) {
      return this.#index.isBehind('nodes') ? this.#index.update('nodes').then(begin) : begin()
    }
    if (queries.some(({ update }) => update === 'lazy')) setImmediate(() => void this.#updateLater())
    return begin()
  }

  #begin(queries: readonly ViewQuery[], options: { onlyOne: boolean }): AnswerPieces {
    const [query] = queries
    if (options.onlyOne && query?.groupLevel !== undefined && query.key !== undefined)
      return this.#remembered(query, `${this.#view} ${query.key}`)
    return this.#answerAll(queries, options.onlyOne)
  }

  /** Answers from the cache of answers: the same reductions are often queried between two changes. */
  async *#remembered(query: ViewQuery, key: string): AnswerPieces {
    const known = this.#index.answers.get(this.#index.state.seq, key)
    if (known !== undefined) {
      yield known
      return
    }
    const { seq } = this.#index.state
    let text = ''
    let isWhole = true
    for await (const piece of this.#answerAll([query], true)) {
      text += typeof piece === 'string' ? piece : Buffer.from(piece).toString()
      if (text.length < PIECE_LENGTH) continue
      yield text
      text = ''
      isWhole = false
    }
    if (isWhole && this.#index.state.seq === seq) this.#index.answers.put(seq, key, text)
    yield text
  }

  async *#answerAll(queries: readonly ViewQuery[], onlyOne: boolean): AnswerPieces {
    const snapshot = this.#index.store.snapshot()
    try {
      const read = this.#readAt(snapshot)
      if (!onlyOne) yield '{"results":[\n'
      for (const [index, query] of queries.entries()) {
        yield (index > 0 ? ',\n' : '') + (await this.#head(read, query))
        const rows = this.#rows(read, query)
        if (rows !== undefined) yield* rows
        yield '\n]}'
      }
      yield onlyOne ? '\n' : '\n]}\n'
    } finally {
      await snapshot.close()
    }
  }

  #readAt(snapshot: StoreSnapshot): IndexRead {
    const { store, keys } = this.#index
    const state = this.#index.readState(store.getSync(keys.state, { snapshot }))
    const cache = this.#index.nodesAt(this.#view, state)
    const { hasNodes } = state
    const reader = new ViewReader({ store, keys, view: this.#view, snapshot, hasNodes, cache })
    return { reader, total: state.rows[this.#view] ?? 0, seq: state.seq, groups: cache.groups }
  }

  /** Returns the answer to a query up to its first row. */
  async #head({ reader, total, seq }: IndexRead, query: ViewQuery): Promise<string> {
    const updateSeq = query.updateSeq ? `"update_seq":${JSON.stringify(this.#database.formatSeq(seq))},` : ''
    if (query.groupLevel !== undefined) return `{${updateSeq}"rows":[\n`
    const offset = await this.#offset(reader, query, total)
    return `{"total_rows":${total},"offset":${offset},${updateSeq}"rows":[\n`
  }

  #rows({ reader, groups }: IndexRead, query: ViewQuery): AnswerPieces | undefined {
    if (query.groupLevel === undefined)
      return readRows(reader, query, { database: this.#database, reader: this.#reader })
    const reducer = this.#index.reducers[this.#view]
    const { collation } = this.#described
    const { partitionBytes } = query
    return reducer && readGroups(reader, query, reducer, { collation, partitionBytes, groups })
  }

  /**
   * The number of rows before the first that is answered, in the order of the query. Of several keys the first that has
   * rows counts, and the last where none has (couch_mrview:map_fold/5). A partition's rows are skipped where they are
   * read, others behind that, up to the end of the view (fabric_view:fix_skip_and_limit/1).
   */
  async #offset(reader: ViewReader, query: ViewQuery, total: number): Promise<number> {
    const isPartition = query.partitionBytes > 0
    const index = await firstRow(reader, query, isPartition ? query.skip : 0, total)
    return isPartition ? index : Math.min(total, index + query.skip)
  }

  get #described(): QueriedView {
    const view = this.#index.definition.views[this.#view]
    return {
      hasReduce: this.#index.reducers[this.#view] !== undefined,
      collation: view?.collation ?? 'unicode',
      partitioned: this.#index.definition.partitioned,
    }
  }

  async #updateLater(): Promise<void> {
    // This query has been answered; the next one gets the error.
    await this.#index.update('nodes').catch(() => undefined)
  }
}

/** The number of rows of the view before the first of a query's rows behind those that are skipped. */
async function firstRow(reader: ViewReader, query: ViewQuery, skip: number, total: number): Promise<number> {
  const slice = new TimeSlice()
  const last = query.ranges.length - 1
  let left = skip
  let position = 0
  let index = -1
  for (const range of query.ranges) {
    index++
    // What is read is often in memory, and lets nobody in between.
    if (slice.isOver) await slice.pause()
    const before = await rowsBefore(reader, range, query.descending, total)
    if (left === 0 && index === last) return before
    const rows = await reader.count(range.from, range.to)
    if (rows > left) return before + left
    position = before + rows
    left -= rows
  }
  return position
}

const BEGINNING = new Uint8Array(0)

async function rowsBefore(
  reader: ViewReader,
  { from, to }: RowRange,
  descending: boolean,
  total: number,
): Promise<number> {
  if (!descending) return from.length === 0 ? 0 : reader.count(BEGINNING, from)
  return to === undefined ? 0 : total - (await reader.count(BEGINNING, to))
}
