import { viewKey } from '../../../protocol/collation/view-key.ts'
import { asDocId, isDesignId } from '../../../protocol/document-id.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'
import type { Database } from '../../database/database.ts'
import { scanDocuments, type ScanRange } from '../../database/reading/document-scan.ts'
import { rowId } from '../../../protocol/view-row.ts'
import { prefixEnd } from '../views/row-key.ts'
import type { ViewIndex } from '../views/index/view-index.ts'
import { CoveredCandidates, DocumentCandidates, type Counted, type Place } from './candidates.ts'
import type { FindRequest } from './find-request.ts'
import { columnsOf } from './mango-index.ts'
import { entryKey } from './mapper.ts'
import type { Plan } from './plan.ts'
import type { FieldRange } from './ranges.ts'
import { isDescending } from './sort.ts'

/** Most queries find what they look for among the first. */
const MAX_FIRST_BATCH = 128
const BATCH = 500
const READ_AHEAD = { highWaterMarkBytes: 256 * 1024 }

/** The entries of all documents, in order of their ids. */
export async function* scanAllDocs(
  database: Database,
  request: FindRequest,
  plan: Plan,
  after: Uint8Array | undefined,
): AsyncGenerator<Counted[]> {
  const scan = scanDocuments(database, {
    ...idRange(plan.ranges, request.partition),
    reverse: isDescending(request.sort),
    after,
  })
  const candidates = new DocumentCandidates(database, request)
  try {
    for (let size = firstBatch(request); ; size = BATCH) {
      const found = await scan.next(size)
      if (found.length === 0) return
      const places: Place[] = []
      for (const { id, summary } of found) {
        if (summary.deleted) continue
        const place = () => Buffer.from(id)
        if (isDesignId(id)) places.push({ id, summary: undefined, place, isDesign: true })
        else places.push({ id, summary, place })
      }
      yield* candidates.read(places)
    }
  } finally {
    await scan.close()
  }
}

/** The entries of an index in the ranges of the plan. */
export async function* scanIndex(
  database: Database,
  index: ViewIndex,
  request: FindRequest,
  plan: Plan,
  after: Uint8Array | undefined,
): AsyncGenerator<Counted[]> {
  const view = index.definition.views.findIndex(({ name }) => name === plan.index.name)
  const reverse = isDescending(request.sort)
  const bounds = rowRange(plan.ranges, request.partition)
  const range = { gte: index.keys.row(view, bounds.from), lt: index.keys.row(view, bounds.to) }
  const resumed = after === undefined ? {} : resume(index.keys.row(view, after), reverse)
  const iterator = index.store.values({ ...range, ...resumed, reverse, ...READ_AHEAD })
  const covered = plan.covering
    ? new CoveredCandidates(columnsOf(plan.index), request.fields ?? [])
    : undefined
  const documents = new DocumentCandidates(database, request)
  try {
    for (let size = firstBatch(request); ; size = BATCH) {
      const rows = await iterator.nextv(size)
      if (rows.length === 0) return
      const placeOf = (row: Uint8Array) => () => entryKey(row, index.definition.partitioned)
      if (covered !== undefined) yield rows.map(row => covered.read(row, placeOf(row)))
      else yield* documents.read(await placesOf(database, rows, placeOf))
    }
  } finally {
    await iterator.close()
  }
}

/** The page, and the row behind it. */
function firstBatch({ limit, skip }: FindRequest): number {
  return Math.min(MAX_FIRST_BATCH, limit + skip + 1)
}

async function placesOf(
  database: Database,
  rows: readonly Uint8Array[],
  placeOf: (row: Uint8Array) => () => Uint8Array,
): Promise<Place[]> {
  const ids = rows.map(row => asDocId(rowId(row)))
  const summaries = await database.summaries(ids)
  return rows.map((row, index) => ({
    id: ids[index]!,
    place: placeOf(row),
    summary: summaries[index],
  }))
}

function resume(key: Uint8Array, reverse: boolean): object {
  return reverse ? { lt: key } : { gte: Buffer.concat([key, Uint8Array.of(0)]) }
}

/** A colon ends the name of a partition; the character that follows the colon is a semicolon. */
function idRange(
  ranges: Plan['ranges'],
  partition: string | undefined,
): Pick<ScanRange, 'from' | 'upTo' | 'before'> {
  const [range] = ranges === 'empty' ? [] : ranges
  return {
    from: boundOf(range, 'low') ?? (partition === undefined ? undefined : `${partition}:`),
    upTo: boundOf(range, 'high'),
    before: partition === undefined ? undefined : `${partition};`,
  }
}

function boundOf(range: FieldRange | undefined, end: 'low' | 'high'): string | undefined {
  const bound = range === undefined || range === 'empty' ? undefined : range[end]
  return typeof bound?.value === 'string' ? bound.value : undefined
}

/** The row keys between the ranges' ends. What is between but not in the ranges, the selector sorts out. */
function rowRange(
  ranges: Plan['ranges'],
  partition: string | undefined,
): { from: Uint8Array; to: Uint8Array } {
  const prefix = partition === undefined ? new Uint8Array(0) : viewKey(partition)
  const list = ranges === 'empty' ? [] : ranges
  const key = (values: JsonValue[]) => Buffer.concat([prefix, viewKey(values).subarray(0, -1)])
  return { from: key(leading(list, 'low')), to: prefixEnd(key(leading(list, 'high'))) }
}

/** The values of one end, as far as they go without a gap. */
function leading(ranges: readonly FieldRange[], end: 'low' | 'high'): JsonValue[] {
  const values: JsonValue[] = []
  for (const range of ranges) {
    const bound = range === 'empty' ? undefined : range[end]
    if (bound === undefined) break
    values.push(bound.value)
  }
  return values
}
