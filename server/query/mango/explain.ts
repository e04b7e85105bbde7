import type { JsonValue } from '../../../protocol/json-value.ts'
import type { DatabaseQueries } from '../database-queries.ts'
import type { FindRequest } from './find-request.ts'
import { columnsOf, describeIndex } from './mango-index.ts'
import { findPlan, type Plan } from './plan.ts'
import type { Rejected } from './rank-candidates.ts'
import { indexableFields, type FieldRange } from './ranges.ts'
import { isDescending } from './sort.ts'

const MAX = '<MAX>'

/** Tells how a query would be run, with 3.5's members in its order. */
export function explain(queries: DatabaseQueries, request: FindRequest): object {
  const { database } = queries
  const { plan, rejected } = findPlan(queries.mangoIndexes, request)
  const { limit, skip, fields = [], selector } = request
  const indexable = indexableFields(selector.normalized)
  return {
    dbname: database.name,
    index: plan === undefined ? null : describeIndex(plan.index),
    partitioned: database.record.partitioned,
    selector: selector.normalized,
    opts: describeOptions(request),
    limit,
    skip,
    fields,
    index_candidates: rejected.map(candidate => describeRejected(candidate, request)),
    selector_hints: [
      {
        type: 'json',
        indexable_fields: indexable,
        unindexable_fields: [...new Set(selector.fields)].filter(field => !indexable.includes(field)),
      },
    ],
    ...(plan === undefined ? {} : { mrargs: describeRead(plan, request), covering: plan.covering }),
  }
}

function describeOptions(request: FindRequest): object {
  return {
    use_index: request.useIndex,
    bookmark: request.bookmark ?? 'nil',
    limit: request.limit,
    skip: request.skip,
    sort: Object.fromEntries(request.sort),
    fields: request.fields ?? [],
    partition: request.partition ?? '',
    r: request.r,
    conflicts: request.conflicts,
    stale: false,
    update: request.update,
    stable: request.stable,
    execution_stats: request.executionStats,
    allow_fallback: request.allowFallback,
  }
}

function describeRejected({ index, usable, reason, ranking }: Rejected, { fields }: FindRequest): object {
  const columns = new Set([...columnsOf(index), '_id'])
  const covering =
    index.ddoc === undefined ? null : fields !== undefined && fields.every(field => columns.has(field))
  return {
    index: describeIndex(index),
    analysis: { usable, reasons: [{ name: reason }], ranking, covering },
  }
}

function describeRead({ index, ranges, covering }: Plan, request: FindRequest): object {
  const [low, high] =
    ranges === 'empty' ? [null, null] : index.ddoc === undefined ? idKeys(ranges) : arrayKeys(ranges)
  const reverse = isDescending(request.sort)
  return {
    include_docs: !covering && request.r === 1,
    view_type: 'map',
    reduce: false,
    partition: request.partition ?? null,
    start_key: reverse ? high : low,
    end_key: reverse ? low : high,
    direction: reverse ? 'rev' : 'fwd',
    stable: request.stable,
    update: request.update,
    conflicts: request.conflicts ? true : 'undefined',
  }
}

function bound(range: FieldRange | undefined, end: 'low' | 'high'): { value: JsonValue } | undefined {
  return range === undefined || range === 'empty' ? undefined : range[end]
}

function idKeys([range]: readonly FieldRange[]): [JsonValue, JsonValue] {
  return [bound(range, 'low')?.value ?? null, bound(range, 'high')?.value ?? MAX]
}

function arrayKeys(ranges: readonly FieldRange[]): [JsonValue, JsonValue] {
  const values = (end: 'low' | 'high') => {
    const gap = ranges.findIndex(range => bound(range, end) === undefined)
    return ranges.slice(0, gap < 0 ? undefined : gap).map(range => bound(range, end)?.value ?? null)
  }
  return [values('low'), [...values('high'), MAX]]
}
