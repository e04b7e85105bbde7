import type { UserContext } from '../../../protocol/user-context.ts'
import { UNHURRIED, type ReadPace } from '../reading/read-pace.ts'
import { RowBuffer } from '../reading/row-buffer.ts'
import { KeySpace } from '../../storage/keys.ts'
import type { Database } from '../database.ts'
import { requireWholeView } from '../documents/apply-rules.ts'
import { isLiveRecord } from '../documents/document-record.ts'
import { withInlineData } from '../documents/inline-data.ts'
import type { UnfilledJson } from '../documents/unfilled-json.ts'
import type { DatabaseSnapshot } from '../reading/snapshot.ts'
import { listKeys } from './list-keys.ts'
import { countDesigns, listingHead } from './listing-head.ts'
import type { Rank } from '../ranks/ranks-at-moment.ts'
import type { ListingQuery } from './listing-query.ts'
import { EntryReader } from './entry-reader.ts'
import { ListingRows, type StoredEntry } from './listing-rows.ts'
import { listLocal } from './list-local.ts'
import { STORAGE } from '../storage-of.ts'

/** Records in a page: enough to outweigh what a page costs, and about one chunk, so that nothing is kept behind it. */
const PAGE = { rows: 500, documents: 500 }
const SMALLEST_PAGE = 16
/** Before it is known how large documents are. */
const FIRST_PAGE = 64
/** Rows that are passed over by rank; fewer are read. */
const LARGE_SKIP = 2000

const SEPARATOR = Buffer.from(',\r\n')

/**
 * The answer to a list of documents, in chunks; the documents are read as the chunks are taken.
 *
 * @param user who is shown it
 * @throws what the database's rules throw for who may not see every document, before the first chunk
 */
export async function* listDocuments(
  database: Database,
  query: ListingQuery,
  user: UserContext,
  pace: ReadPace = UNHURRIED,
): AsyncGenerator<Uint8Array, void, undefined> {
  requireWholeView(database, user)
  yield* withInlineData(listRows(database, query, pace), database.attachments)
}

/** Rows, in which data of attachments may be left to be filled in. */
type Chunks = AsyncGenerator<Uint8Array | UnfilledJson, void, undefined>

async function* listRows(database: Database, query: ListingQuery, pace: ReadPace): Chunks {
  if (query.keys !== undefined) yield* listKeys(database, { ...query, keys: query.keys })
  else if (query.namespace === 'local') yield* listLocal(database, query)
  else yield* listRange(database, query, pace)
}

/** Several lists in one answer (`_all_docs/queries`). */
export async function* listQueries(
  database: Database,
  queries: readonly ListingQuery[],
  user: UserContext,
  pace: ReadPace = UNHURRIED,
): AsyncGenerator<Uint8Array, void, undefined> {
  requireWholeView(database, user)
  yield Buffer.from('{"results":[')
  for (const [index, query] of queries.entries()) {
    yield Buffer.from(index === 0 ? '\r\n' : ',\r\n')
    yield* listDocuments(database, query, user, pace)
  }
  yield Buffer.from('\r\n]}')
}

async function* listRange(database: Database, query: ListingQuery, pace: ReadPace): Chunks {
  const { total, offset, snapshot, rank } = await place(database, query)
  try {
    const out = new RowBuffer()
    out.text(listingHead(database, query, snapshot, { total, offset }))
    const rows = new ListingRows(database, snapshot, query)
    const size = { most: query.includeDocs ? FIRST_PAGE : PAGE.rows }
    let isFirst = true
    for await (const page of livePages(snapshot, await skipped(query, rank), pace, size)) {
      for (let from = 0; from < page.length;) {
        const written = await writeRows(out, rows, from === 0 ? page : page.slice(from), { isFirst, pace })
        // Of large documents few are read ahead of their turn.
        if (query.includeDocs) size.most = Math.min(Math.max(SMALLEST_PAGE, 2 * written), PAGE.documents)
        isFirst = false
        from += written
        yield out.takeUnfilled()
      }
    }
    out.text('\r\n]}')
    yield out.take()
  } finally {
    await snapshot.close()
  }
}

/** Writes the rows of a page, as many as have their documents at a time. What they were made of is not kept while the client is waited for. */
async function writeRows(
  out: RowBuffer,
  rows: ListingRows,
  page: readonly StoredEntry[],
  { isFirst, pace }: { isFirst: boolean; pace: ReadPace },
): Promise<number> {
  const documents = await rows.documents(page, pace)
  const count = rows.haveDocuments ? documents.length : page.length
  for (let index = 0; index < count; index++) {
    if (!isFirst || index > 0) out.bytes(SEPARATOR)
    rows.write(out, page[index]!, documents[index])
  }
  return count
}

interface Place {
  readonly total: number
  readonly offset: number
  /** To be closed. */
  readonly snapshot: DatabaseSnapshot
  /** Undefined where nothing was counted. */
  readonly rank: Rank | undefined
}

/** Counts all documents (`total`) and those in front of the first row (`offset`, at most `total`). */
async function place(database: Database, query: ListingQuery): Promise<Place> {
  const { namespace, skip } = query
  const { before, snapshot, rank } = await rowsInFront(database, query)
  const total = namespace === 'design' ? await countDesigns(database) : snapshot.state.docs
  return { total, offset: Math.min(total, before + skip), snapshot, rank }
}

async function rowsInFront(
  database: Database,
  { from, to, descending, skip }: ListingQuery,
): Promise<{ before: number; snapshot: DatabaseSnapshot; rank: Rank | undefined }> {
  const { gte, lt } = database[STORAGE].keys.range(KeySpace.document)
  if (skip < LARGE_SKIP && Buffer.compare(descending ? to : from, descending ? lt : gte) === 0) {
    return { before: 0, snapshot: database.snapshot(), rank: undefined }
  }
  const rank = await database.ranks.documentsBefore(descending ? to : from)
  const { before, snapshot } = rank
  return { before: descending ? snapshot.state.docs - before : before, snapshot, rank }
}

/** Begins the range of a query that skips many rows near to its first row, by rank. */
async function skipped(query: ListingQuery, rank: Rank | undefined): Promise<ListingQuery> {
  const { skip, from, to, descending } = query
  if (rank?.near === undefined || skip < LARGE_SKIP) return query
  if (descending) {
    const wanted = rank.before - skip
    const { key, before } = await rank.near(Math.max(0, wanted), 'above')
    return Buffer.compare(key, to) < 0 ? { ...query, to: key, skip: before - wanted } : query
  }
  const wanted = rank.before + skip
  const { key, before } = await rank.near(wanted, 'below')
  return Buffer.compare(key, from) > 0 ? { ...query, from: key, skip: wanted - before } : query
}

/**
 * The records of the rows, in pages. While the caller works on a page the next one is read, where the pace allows it; what
 * was read ahead is dropped when the client stalls, and read again in the same snapshot when it goes on.
 */
async function* livePages(
  snapshot: DatabaseSnapshot,
  { from, to, descending, skip, limit }: ListingQuery,
  pace: ReadPace,
  page: { readonly most: number },
): AsyncGenerator<readonly StoredEntry[], void, undefined> {
  if (limit === 0 || Buffer.compare(from, to) >= 0) return
  const entries = new EntryReader(snapshot, { from, to, descending }, pace)
  let toSkip = skip
  let left = limit
  try {
    while (left > 0) {
      const size = Math.max(SMALLEST_PAGE, Math.min(page.most, toSkip + left))
      const read = await entries.next(size)
      if (read.length === 0) return
      const live = read.filter(([, record]) => isLiveRecord(record))
      const wanted = toSkip === 0 && live.length <= left ? live : live.slice(toSkip, toSkip + left)
      toSkip -= Math.min(toSkip, live.length)
      left -= wanted.length
      if (wanted.length > 0) yield wanted
    }
  } finally {
    await entries.close()
  }
}
