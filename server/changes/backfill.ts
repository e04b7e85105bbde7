import type { Database } from '../database/database.ts'
import { candidatePages } from './candidates.ts'
import type { FeedRequest } from './feed-request.ts'
import { changePages, lastSeq } from '../database/reading/change-pages.ts'
import { changesBefore, changesBehind } from './pending.ts'
import type { UnfilledJson } from '../database/documents/unfilled-json.ts'
import { FULL_CHUNK } from '../database/reading/row-buffer.ts'
import type { RowRenderer, RowOutput } from './rows/row-renderer.ts'
import { UNHURRIED, type ReadPace } from '../database/reading/read-pace.ts'

const NOTHING = Buffer.alloc(0)

type FiniteRequest = Pick<FeedRequest, 'start' | 'descending' | 'rows'> & {
  /** Reads up to this sequence number. Default: the update sequence on disk. */
  readonly upTo?: number
  readonly pace?: ReadPace
}

/** Position at which reading stopped. */
export interface FeedEnd {
  /** Number of the answer's `last_seq`: of the last row looked at. */
  readonly last: number
  /** All changes up to this number were looked at, whether they have rows or not. */
  readonly position: number
  /** Number of changes behind `last`, or not looked at: the answer's `pending`. */
  readonly pending: number
}

/**
 * The rows that are there now, a chunk for each page, which is empty where it is not full yet: normal feeds, and the
 * beginning of the others. The last rows are left in the output's buffer. Changes that are not on disk yet are not shown:
 * after a crash their sequences would be given to others.
 */
export async function* backfill(
  database: Database,
  request: FiniteRequest,
  renderer: RowRenderer,
  out: RowOutput,
): AsyncGenerator<Buffer | UnfilledJson, FeedEnd, undefined> {
  const { descending, start, upTo = database.state.seq } = request
  const isLookUp = isCountedAsLookUp(request.rows.filter)
  const total = isLookUp ? await changesBehind(database, descending ? 0 : start) : 0
  let seen = 0
  let last = descending ? upTo : start
  const stop = async (): Promise<FeedEnd> => {
    if (isLookUp) return { last, position: last, pending: total - seen }
    if (!descending) return { last, position: last, pending: await changesBehind(database, last) }
    const pending = seen === 0 ? await changesBehind(database, 0) : await changesBefore(database, last)
    return { last, position: last, pending }
  }
  if (out.left === 0) return stop()
  for await (const page of pagesOf(database, request, renderer, out, upTo)) {
    for (let from = 0; from < page.length;) {
      const records = from === 0 ? page : page.slice(from)
      const done = await renderer.render(records, out)
      from += done
      seen += done
      if (done > 0) last = out.position = lastSeq(records.slice(done - 1, done))
      if (out.left === 0) return stop()
      const isFull = out.buffer.length >= FULL_CHUNK
      if (isFull || from >= page.length) yield isFull ? out.buffer.takeUnfilled() : NOTHING
    }
  }
  if (isLookUp && !descending) last = Math.max(last, upTo)
  return { last, position: Math.max(start, upTo), pending: isLookUp ? total - seen : 0 }
}

/**
 * CouchDB looks up the documents of a list that is not longer than this, and design documents, and then counts as
 * pending all the changes that it did not look at. A longer list it compares with every change.
 */
const LOOKED_UP = 1000

function isCountedAsLookUp(filter: FeedRequest['rows']['filter']): boolean {
  const candidates = filter?.candidates
  return candidates !== undefined && !('ids' in candidates && candidates.ids.length > LOOKED_UP)
}

function pagesOf(
  database: Database,
  { start, descending, rows, pace = UNHURRIED }: FiniteRequest,
  renderer: RowRenderer,
  out: RowOutput,
  upTo: number,
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  const after = descending ? 0 : start
  const candidates = rows.filter?.candidates
  if (candidates !== undefined) {
    return candidatePages(database, candidates, { after, upTo, descending, size: renderer.pageSize })
  }
  const isShort = rows.filter === undefined && out.left > 0 && out.left < renderer.pageSize
  const size = isShort ? out.left : renderer.pageSize
  const { growsTo = size } = renderer
  return changePages(database, {
    ...{ after, upTo, descending, size, growsTo, pace },
    ...(isShort ? { limit: size } : {}),
  })
}

/** End of a feed that was left. */
export const NOWHERE: FeedEnd = { last: 0, position: 0, pending: 0 }
