import { fail } from '../../../protocol/errors.ts'
import { only } from '../../../protocol/selector/node.ts'
import type { FindRequest } from './find-request.ts'
import { ALL_DOCS, columnsOf, type MangoIndex } from './mango-index.ts'
import { indexableFields, rangeOf, type FieldRange } from './ranges.ts'
import {
  rankCandidates,
  type Fitness,
  type IndexCandidate,
  type Problem,
  type Rejected,
} from './rank-candidates.ts'
import { fieldsNotRequired, isConstant } from './required-fields.ts'

/** The chosen index of a query and the ranges to read. */
export interface Plan {
  readonly index: MangoIndex
  /** The ranges of the index's first fields; "empty" where nothing can match. */
  readonly ranges: readonly FieldRange[] | 'empty'
  /** True if the index alone has all requested fields. */
  readonly covering: boolean
}

/**
 * Chooses the index of a query as CouchDB does: of the indexes whose fields the selector asks for and which give the
 * sort, the one that the most of the selector's ranges narrow, then that with the fewest fields, then by name.
 * (CouchDB: mango_idx:get_usable_indexes/3, mango_cursor_view:choose_best_index/1)
 *
 * @throws `no_usable_index`; `invalid_index` when the requested index does not fit, and no other may be used
 */
export function planQuery(
  indexes: readonly MangoIndex[],
  request: FindRequest,
  databaseIsPartitioned: boolean,
): Plan {
  const { plan } = findPlan(indexes, request)
  if (plan !== undefined) return plan
  if (!databaseIsPartitioned) throw fail('noUsableIndex')
  throw fail(request.partition === undefined ? 'noUsableGlobalIndex' : 'noUsablePartitionedIndex')
}

/** Returns the plan and the rejected indexes, for `_explain`; the plan is undefined if no index can be used. */
export function findPlan(
  indexes: readonly MangoIndex[],
  request: FindRequest,
): { plan: Plan | undefined; rejected: readonly Rejected[] } {
  const candidates: IndexCandidate[] = [...indexes, ALL_DOCS].map(index => ({
    index,
    problem: problemOf(index, request),
  }))
  const usable = candidates.filter(({ problem }) => problem === undefined).map(({ index }) => index)
  const asked = usable.filter(index => isAskedFor(index, request.useIndex))
  checkFallback(usable, asked, request)
  const choice = asked.length > 0 ? asked : usable
  const ofDesign = choice.filter(({ ddoc }) => ddoc !== undefined)
  const ranked = byFitness(ofDesign, request)
  const index = ranked[0]?.index ?? choice[0]
  return {
    plan: index && { index, ranges: rangesOf(index, request), covering: covers(index, request) },
    rejected: rankCandidates(candidates, { index, choice, ranked }),
  }
}

function problemOf(index: MangoIndex, request: FindRequest): Problem | undefined {
  const { partition, useIndex } = request
  if (index.ddoc !== undefined) {
    if (index.partialFilter !== undefined && !isAskedFor(index, useIndex)) return 'is_partial'
    if (index.partitioned !== (partition !== undefined)) return 'scope_mismatch'
  }
  if (!hasFields(index, request)) return 'field_mismatch'
  return givesSort(index, request) ? undefined : 'sort_order_mismatch'
}

/** Returns whether the selector requires the fields that every document in the index has. */
function hasFields(index: MangoIndex, request: FindRequest): boolean {
  const selector = request.selector.normalized
  const sortFields = request.sort.map(([field]) => field)
  if (index.ddoc === undefined) return sortFields.length === 0 || indexableFields(selector).includes('_id')
  const implied = new Set([...sortFields, '_id', '_rev'])
  const required = columnsOf(index).filter(field => !implied.has(field))
  if (Object.keys(selector).length === 0) return required.length === 0
  return fieldsNotRequired(selector, required).length === 0
}

/** The sort must be the index's order, behind fields that the selector fixes. */
function givesSort(index: MangoIndex, { sort, selector }: FindRequest): boolean {
  if (sort.length === 0) return true
  const fields = sort.map(([field]) => field)
  const columns = columnsOf(index)
  const start = columns.findIndex(column => column === fields[0] || !isConstant(selector.normalized, column))
  if (start < 0) return false
  return fields.every((field, i) => columns[start + i] === field)
}

function isAskedFor(index: MangoIndex, [ddoc, name]: readonly string[]): boolean {
  if (ddoc === undefined || index.ddoc === undefined) return false
  const id = ddoc.startsWith('_design/') ? ddoc : `_design/${ddoc}`
  return index.ddoc.id === id && (name === undefined || index.name === name)
}

function checkFallback(
  usable: readonly MangoIndex[],
  asked: readonly MangoIndex[],
  request: FindRequest,
): void {
  if (request.allowFallback) return
  if (request.useIndex.length === 0) {
    if (usable.every(({ ddoc }) => ddoc === undefined)) throw fail('indexNotNamed')
  } else if (asked.length === 0) throw fail('indexNotSuitable', askedName(request.useIndex))
}

/** "_design/i", or "_design/i, name". */
export function askedName([ddoc = '', name]: readonly string[]): string {
  const id = ddoc.startsWith('_design/') ? ddoc : `_design/${ddoc}`
  return name === undefined ? id : `${id}, ${name}`
}

/** The best first. */
function byFitness(indexes: readonly MangoIndex[], request: FindRequest): Fitness[] {
  const fields = new Set(indexableFields(request.selector.normalized))
  const nameOf = (index: MangoIndex) => Buffer.from(`${index.ddoc?.id} ${index.name}`)
  return indexes
    .map(index => ({ index, distance: fields.size - prefixLength(index, fields) }))
    .sort(
      (a, b) =>
        a.distance - b.distance ||
        a.index.fields.length - b.index.fields.length ||
        Buffer.compare(nameOf(a.index), nameOf(b.index)),
    )
}

function prefixLength(index: MangoIndex, fields: ReadonlySet<string>): number {
  const columns = columnsOf(index)
  const length = columns.findIndex(column => !fields.has(column))
  return length < 0 ? columns.length : length
}

function rangesOf(
  index: MangoIndex,
  { selector: { normalized } }: FindRequest,
): readonly FieldRange[] | 'empty' {
  if (isNothing(normalized)) return 'empty'
  const fields = new Set(indexableFields(normalized))
  const columns = columnsOf(index)
  const ranges = columns.slice(0, prefixLength(index, fields)).map(column => rangeOf(normalized, column))
  return ranges.includes('empty') ? 'empty' : ranges
}

/** A list without conditions at the root matches nothing, and is not run. */
function isNothing(selector: FindRequest['selector']['normalized']): boolean {
  if (Object.keys(selector).length === 0) return false
  const [name, operand] = only(selector)
  return ['$and', '$or', '$in', '$all'].includes(name) && Array.isArray(operand) && operand.length === 0
}

function covers(index: MangoIndex, { fields, selector, conflicts }: FindRequest): boolean {
  if (index.ddoc === undefined || fields === undefined || conflicts) return false
  const known = new Set([...columnsOf(index), '_id'])
  return [...fields, ...selector.fields].every(field => known.has(field))
}
