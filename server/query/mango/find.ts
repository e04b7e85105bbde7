import type { UserContext } from '../../../protocol/user-context.ts'
import { ByteWriter } from '../../../protocol/json/byte-writer.ts'
import { settled } from '../../concurrency/settled.ts'
import { TimeSlice } from '../../concurrency/time-slice.ts'
import type { CompiledSelector } from '../../../protocol/selector/selector.ts'
import type { Waiter } from '../../../protocol/turns.ts'
import { requireWholeView } from '../../database/documents/apply-rules.ts'
import type { DatabaseQueries } from '../database-queries.ts'
import { decodeBookmark, encodeBookmark } from './bookmark.ts'
import type { FindRequest } from './find-request.ts'
import type { OnSkip } from '../skip-unusable.ts'
import type { FieldRange } from './ranges.ts'
import { askedName, planQuery, type Plan } from './plan.ts'
import { DESIGN_DOCUMENT, type Candidate, type Counted } from './candidates.ts'
import { scanAllDocs, scanIndex } from './scan.ts'

/** Counts of a query and its bookmark, which are the end of the answer. */
interface ExecutionStats {
  keys: number
  docs: number
  /** Documents that were read from several copies, which `r` asks for. */
  quorum: number
  results: number
  bookmark: string | undefined
}

/** Returns whether a query reads every document of its database or partition, because no index narrows it. */
export function isFullScan(queries: DatabaseQueries, request: FindRequest): boolean {
  const { index, ranges } = planQuery(queries.mangoIndexes, request, queries.database.record.partitioned)
  const isBound = (range: FieldRange | undefined): boolean =>
    range !== undefined && range !== 'empty' && (range.low !== undefined || range.high !== undefined)
  return index.ddoc === undefined && ranges !== 'empty' && !isBound(ranges[0])
}

/**
 * Runs a query; the answer comes in pieces, as documents are found.
 *
 * @param options.scanWarningRatio where so many times more documents were looked at than found, the answer says so; 0 for
 *   never
 * @param options.reader the user who is shown the documents
 * @param client a long search ends when it disconnects
 * @throws Mango's errors, and what the database's rules throw for who may not see every document, before the first piece
 */
export function findDocuments(
  queries: DatabaseQueries,
  request: FindRequest,
  { scanWarningRatio, reader }: { readonly scanWarningRatio: number; readonly reader: UserContext },
  client: Waiter,
): AsyncGenerator<Uint8Array> | Promise<AsyncGenerator<Uint8Array>> {
  const { database, onSkip } = queries
  requireWholeView(database, reader)
  const plan = planQuery(queries.mangoIndexes, request, database.record.partitioned)
  const after = request.bookmark === undefined ? undefined : decodeBookmark(request.bookmark)
  const { ddoc } = plan.index
  if (ddoc === undefined || plan.ranges === 'empty')
    return answer(request, { plan, scanWarningRatio, client, onSkip }, () =>
      scanAllDocs(database, request, plan, after),
    )
  const index = queries.indexOf(ddoc)
  const begin = () =>
    answer(request, { plan, scanWarningRatio, client, onSkip }, () =>
      scanIndex(database, index, request, plan, after),
    )
  return request.update && index.isBehind('rows') ? index.update('rows').then(begin) : begin()
}

interface AnswerParts extends Pick<Search, 'client' | 'onSkip'> {
  readonly plan: Plan
  readonly scanWarningRatio: number
}

async function* answer(
  request: FindRequest,
  { plan, scanWarningRatio, client, onSkip }: AnswerParts,
  scan: () => AsyncGenerator<Counted[]>,
): AsyncGenerator<Uint8Array> {
  const started = performance.now()
  const stats: ExecutionStats = { keys: 0, docs: 0, quorum: 0, results: 0, bookmark: undefined }
  const out = new ByteWriter(PAGE_BYTES)
  out.latin1('{"docs":[\n')
  if (plan.ranges !== 'empty')
    yield* documents(request, plan, { batches: scan(), client, stats, out, onSkip })
  out.latin1(`\n],\n"bookmark": ${JSON.stringify(stats.bookmark ?? request.bookmark ?? 'nil')}`)
  if (plan.ranges !== 'empty') {
    if (request.executionStats)
      out.latin1(`,\n"execution_stats": ${JSON.stringify(statistics(stats, started))}`)
    const warnings = warningsOf(request, plan, { ...stats, scanWarningRatio })
    if (warnings.length > 0) out.utf8(`,\n"warning": ${JSON.stringify(warnings.join('\n'))}`)
  }
  out.latin1('}\n')
  yield out.take()
}

/** Bytes of found documents that are sent together. */
const PAGE_BYTES = 16 * 1024

interface Search {
  readonly batches: AsyncGenerator<Counted[]>
  readonly client: Waiter
  readonly stats: ExecutionStats
  readonly out: ByteWriter
  readonly onSkip: OnSkip
}

async function* documents(
  { selector, limit, skip, r }: FindRequest,
  plan: Plan,
  { batches, client, stats, out, onSkip }: Search,
): AsyncGenerator<Uint8Array> {
  const slice = new TimeSlice()
  let toSkip = skip
  for await (const batch of batches) {
    let last: Candidate | undefined
    let isEnd = false
    for (const candidate of batch) {
      if (slice.isOver) await slice.pause(client.signal)
      stats.keys++
      // With `r` above 1 CouchDB reads documents after it removed design documents, and counts only those.
      if (!plan.covering && r === 1) stats.docs++
      if (candidate === DESIGN_DOCUMENT) continue
      if (!plan.covering && r > 1) stats.quorum++
      const verdict = verdictOf(selector, candidate, onSkip)
      if (verdict === false || (verdict !== true && !(await settled(verdict, slice, client.signal)))) continue
      // The row behind the page is looked at too, as CouchDB looks at it.
      isEnd = stats.results === limit && toSkip === 0
      if (isEnd) break
      last = candidate
      if (toSkip > 0) {
        toSkip--
        continue
      }
      if (stats.results > 0) out.latin1(',\n')
      candidate.write(out)
      stats.results++
    }
    if (last !== undefined) stats.bookmark = encodeBookmark(last.place())
    if (isEnd) return
    if (out.position >= PAGE_BYTES) yield out.take()
  }
}

/** A document that is too deep for the stack does not match. */
function verdictOf(
  selector: CompiledSelector,
  candidate: Candidate,
  onSkip: OnSkip,
): ReturnType<CompiledSelector['matches']> {
  try {
    return selector.matches(candidate.value)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    onSkip(Buffer.from(candidate.place()).toString(), error)
    return false
  }
}

function statistics(stats: ExecutionStats, started: number): object {
  return {
    total_keys_examined: stats.keys,
    total_docs_examined: stats.docs,
    total_quorum_docs_examined: stats.quorum,
    results_returned: stats.results,
    execution_time_ms: Math.round((performance.now() - started) * 1000) / 1000,
  }
}

function warningsOf(
  { useIndex }: FindRequest,
  { index }: Plan,
  { docs, quorum, results, scanWarningRatio }: ExecutionStats & { scanWarningRatio: number },
): string[] {
  const warnings: string[] = []
  const isAskedFor =
    index.ddoc !== undefined &&
    askedName([index.ddoc.id, index.name].slice(0, useIndex.length)) === askedName(useIndex)
  if (useIndex.length > 0 && !isAskedFor) {
    const fault = useIndex.length === 1 ? 'does not contain a valid index' : 'is not a valid index'
    warnings.push(`${askedName(useIndex)} was not used because it ${fault} for this query.`)
  }
  if (index.ddoc === undefined)
    warnings.push('No matching index found, create an index to optimize query time.')
  if (scanWarningRatio > 0 && docs + quorum > Math.max(1, results) * scanWarningRatio) {
    warnings.push(
      'The number of documents examined is high in proportion to the number of results returned. Consider adding a more specific index to improve this.',
    )
  }
  return warnings
}
