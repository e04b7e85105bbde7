import type { Database } from '../database/database.ts'
import { candidatePages } from './candidates.ts'
import type { FeedRequest } from './feed-request.ts'
import { changePages, lastSeq } from './pages.ts'
import { countChanges } from './pending.ts'
import { FULL_CHUNK } from './rows/row-buffer.ts'
import type { Rendition, RowOutput } from './rows/rendition.ts'

type FiniteRequest = Pick<FeedRequest, 'start' | 'descending' | 'rows'>

/** Where reading stopped. */
export interface FeedEnd {
  /** The number to tell as `last_seq`: of the last row looked at. */
  readonly last: number
  /** All changes up to this number were looked at, whether they have rows or not. */
  readonly position: number
  /** How many changes lie behind `last`. */
  readonly pending: number
}

/**
 * The rows that are there now, in full chunks, and the last of them in the output's buffer: normal feeds, and the beginning of the others. Changes that are not on disk
 * yet are not shown: after a crash their sequences would be given to others.
 */
export async function* finiteFeed(
  database: Database,
  request: FiniteRequest,
  rendition: Rendition,
  out: RowOutput,
): AsyncGenerator<Buffer, FeedEnd, undefined> {
  const upTo = database.state.seq
  let last = request.descending ? upTo : request.start
  if (out.left === 0) return stopAt(database, request, { last, upTo })
  for await (const page of pagesOf(database, request, rendition, out, upTo)) {
    const done = await rendition.render(page, out)
    if (done > 0) last = lastSeq(page.slice(done - 1, done))
    if (out.left === 0) return stopAt(database, request, { last, upTo })
    if (out.buffer.length >= FULL_CHUNK) yield out.buffer.take()
  }
  const isLookUp = request.rows.filter?.candidates !== undefined && !request.descending
  // A look-up has seen everything, not the documents alone that it named.
  return { last: isLookUp ? Math.max(last, upTo) : last, position: Math.max(request.start, upTo), pending: 0 }
}

function pagesOf(
  database: Database,
  { start, descending, rows }: FiniteRequest,
  rendition: Rendition,
  out: RowOutput,
  upTo: number,
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  const after = descending ? 0 : start
  const candidates = rows.filter?.candidates
  if (candidates !== undefined) {
    return candidatePages(database, candidates, { after, upTo, descending, size: rendition.pageSize })
  }
  const isShort = rows.filter === undefined && out.left > 0 && out.left < rendition.pageSize
  const size = isShort ? out.left : rendition.pageSize
  return changePages(database, { after, upTo, descending, size, ...(isShort ? { limit: size } : {}) })
}

async function stopAt(
  database: Database,
  { descending }: FiniteRequest,
  { last, upTo }: { last: number; upTo: number },
): Promise<FeedEnd> {
  const pending = descending
    ? await countChanges(database, 0, last - 1)
    : await countChanges(database, last, upTo)
  return { last, position: last, pending }
}
