import { viewKey } from '../../../protocol/collation/view-key.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import type { JsonObject, JsonValue } from '../../../protocol/json-value.ts'
import { parseFieldPath } from '../../../protocol/selector/field-path.ts'
import { decodeDocumentRecord } from '../../database/document-record.ts'
import type { Database } from '../../database/database.ts'
import { Space, textOfKey } from '../../storage/keys.ts'
import { isDesignId } from '../design/design-document.ts'
import { rowParts } from '../row-value.ts'
import { behind } from '../views/row-key.ts'
import type { ViewIndex } from '../views/view-index.ts'
import type { FindRequest } from './find-request.ts'
import { columnsOf } from './mango-index.ts'
import type { Plan } from './plan.ts'
import { place } from './projection.ts'
import type { FieldRange } from './ranges.ts'
import { isDescending } from './sort.ts'
import { readWinners, type WinnerText } from './winners.ts'

/** A document that a query looks at. */
export interface Candidate {
  /** Where it stands in the index. */
  readonly rowKey: Uint8Array
  /** As JSON; undefined where the index itself has what is wanted. */
  readonly text: string | undefined
  readonly value: JsonObject
}

const FIRST_BATCH = 32
const BATCH = 500

/** The entries of all documents, in order of their ids; design documents are passed over. */
export async function* scanAllDocs(
  database: Database,
  request: FindRequest,
  plan: Plan,
  after: Uint8Array | undefined,
): AsyncGenerator<Candidate[]> {
  const range = idRange(database, plan.ranges, request.partition)
  const reverse = isDescending(request.sort)
  const resumed = after === undefined ? {} : resume(database.keys.bytes(Space.document, after), reverse)
  const iterator = database.store.iterator({ ...range, ...resumed, reverse })
  try {
    for (let size = FIRST_BATCH; ; size = BATCH) {
      const entries = await iterator.nextv(size)
      if (entries.length === 0) return
      const found: WinnerText[] = []
      for (const [key, record] of entries) {
        const id = textOfKey(key) as DocId
        const summary = decodeDocumentRecord(record)
        if (!summary.deleted && !isDesignId(id)) found.push({ id, summary })
      }
      const texts = await readWinners(database, found, request.conflicts)
      yield found.flatMap(({ id }, at) => candidateOf(Buffer.from(id), texts[at]))
    }
  } finally {
    await iterator.close()
  }
}

/** The entries of an index in the ranges of the plan. */
export async function* scanIndex(
  database: Database,
  index: ViewIndex,
  request: FindRequest,
  plan: Plan,
  after: Uint8Array | undefined,
): AsyncGenerator<Candidate[]> {
  const view = index.definition.views.findIndex(({ name }) => name === plan.index.name)
  const reverse = isDescending(request.sort)
  const bounds = rowRange(plan.ranges, request.partition)
  const range = { gte: index.keys.row(view, bounds.from), lt: index.keys.row(view, bounds.to) }
  const resumed = after === undefined ? {} : resume(index.keys.row(view, after), reverse)
  const iterator = database.store.iterator({ ...range, ...resumed, reverse })
  const columns = columnsOf(plan.index).map(parseFieldPath)
  try {
    for (let size = FIRST_BATCH; ; size = BATCH) {
      const entries = await iterator.nextv(size)
      if (entries.length === 0) return
      const rows = entries.map(([key, record]) => ({
        rowKey: Uint8Array.from(index.keys.rowKeyOf(key, 'row')),
        ...rowParts(record),
      }))
      if (plan.covering) {
        yield rows.map(({ rowKey, id, key }) => ({
          rowKey,
          text: undefined,
          value: documentOf(id, key, columns),
        }))
      } else {
        const ids = rows.map(({ id }) => JSON.parse(id) as DocId)
        const records = await database.store.getMany(ids.map(id => database.keys.text(Space.document, id)))
        const winners = records.map((record, at) => ({
          id: ids[at] as DocId,
          summary: record === undefined ? undefined : decodeDocumentRecord(record),
        }))
        const texts = await readWinners(database, winners, request.conflicts)
        yield rows.flatMap(({ rowKey }, at) => candidateOf(rowKey, texts[at]))
      }
    }
  } finally {
    await iterator.close()
  }
}

function candidateOf(rowKey: Uint8Array, text: string | undefined): Candidate[] {
  return text === undefined ? [] : [{ rowKey, text, value: JSON.parse(text) as JsonObject }]
}

/** A document of what a covering index has of it. */
function documentOf(id: string, key: string, columns: readonly (readonly string[])[]): JsonObject {
  const value: JsonObject = { _id: JSON.parse(id) as string }
  for (const [at, part] of (JSON.parse(key) as JsonValue[]).entries()) place(value, columns[at] ?? [], part)
  return value
}

function resume(key: Uint8Array, reverse: boolean): object {
  return reverse ? { lt: key } : { gte: Buffer.concat([key, Uint8Array.of(0)]) }
}

function idRange(
  database: Database,
  ranges: Plan['ranges'],
  partition: string | undefined,
): { gte: Buffer; lt: Buffer } {
  const [range] = ranges === 'empty' ? [] : ranges
  const all = database.keys.range(Space.document)
  const prefix = partition === undefined ? undefined : `${partition}:`
  const low = boundOf(range, 'low') ?? prefix
  const high = boundOf(range, 'high')
  return {
    gte: low === undefined ? all.gte : database.keys.text(Space.document, low),
    lt:
      high !== undefined
        ? Buffer.concat([database.keys.text(Space.document, high), Uint8Array.of(0)])
        : prefix === undefined
          ? all.lt
          : Buffer.from(behind(database.keys.text(Space.document, prefix))),
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
  return { from: key(leading(list, 'low')), to: behind(key(leading(list, 'high'))) }
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
