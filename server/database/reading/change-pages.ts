import { isReopening } from '../../../protocol/errors.ts'
import { isBranched, seqOf } from '../documents/change-record.ts'
import type { DatabaseReader } from './database-reader.ts'
import { UNHURRIED, type ReadPace } from './read-pace.ts'
import { KeySpace } from '../../storage/keys.ts'
import type { Store, StoreSnapshot } from '../../storage/store.ts'
import { STORAGE } from '../storage-of.ts'

/** Records of one leaf say where they end; those of several end where their last row does. */
const mayKeepChecksum = (record: Uint8Array): boolean => !isBranched(record)

/** Bytes that a page may have for each of its records. */
const BYTES_A_RECORD = 512

/** Records and bytes that are read at a time; see {@link readPage}. */
const STEP = 500
const STEP_BYTES = 100 * 1024

/** Bytes that any page may have. */
const SMALLEST_BYTES = 256 * 1024

export interface PageOptions {
  /** Sequence numbers above this. */
  readonly after: number
  /** Up to this. */
  readonly upTo: number
  readonly descending?: boolean
  /** Records in a page. */
  readonly size: number
  /**
   * Records that a later page may have. Each has twice as many as the one before up to this, since an iterator for every 500 records
   * costs as much as a quarter of sending them. Default: size.
   */
  readonly growsTo?: number
  readonly limit?: number
  readonly pace?: ReadPace
}

/**
 * The stored rows of a range of sequences, in pages, as they were when reading began. While the caller works on a page
 * the next one is read, where the pace allows it.
 */
export async function* changePages(
  database: DatabaseReader,
  { after, upTo, descending = false, size, growsTo = size, limit = Infinity, pace = UNHURRIED }: PageOptions,
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  const { keys, store } = database[STORAGE]
  const range = {
    gte: keys.number(KeySpace.change, after + 1),
    lte: keys.number(KeySpace.change, upTo),
    reverse: descending,
  }
  // At once: a document that changes before the snapshot is taken would move behind `upTo`.
  let snapshot = snapshotNow(store) ?? (await snapshotWhenOpen(store))
  let left = limit
  let wanted = size
  const read = () => readPage(store, { ...range, snapshot, limit: Math.min(wanted, left) })
  let next: Promise<Uint8Array[]> | undefined
  try {
    while (left > 0) {
      const page = await (next ?? read()).catch(async (error: unknown) => {
        if (!isReopening(error)) throw error
        await snapshot.close()
        snapshot = await snapshotWhenOpen(store)
        return read()
      })
      if (page.length === 0) return
      // Where the store is opened again, reading goes on behind this page.
      const seq = lastSeq(page)
      if (descending) range.lte = keys.number(KeySpace.change, Math.max(seq - 1, 0))
      else range.gte = keys.number(KeySpace.change, seq + 1)
      left -= page.length
      // Where others wait for their turn, little is kept for whoever waits beside them.
      wanted = pace.mayReadAhead ? Math.min(2 * wanted, growsTo) : size
      next = pace.mayReadAhead && left > 0 ? read() : undefined
      // A failure is thrown where the page is awaited, and not before somebody asks for it.
      next?.catch(() => undefined)
      yield page
    }
  } finally {
    await next?.catch(() => undefined)
    await snapshot.close()
  }
}

/** The stored rows behind a sequence number, in pages, as they were at the moment of a snapshot. */
export async function* changesAtMoment(
  database: DatabaseReader,
  { after, size, snapshot }: { after: number; size: number; snapshot: StoreSnapshot },
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  const { keys, store } = database[STORAGE]
  const { lt } = keys.range(KeySpace.change)
  for (let seq = after; ;) {
    const gte = keys.number(KeySpace.change, seq + 1)
    const page = await readPage(store, { gte, lt, snapshot, limit: size })
    if (page.length === 0) return
    seq = lastSeq(page)
    yield page
  }
}

/** Takes a snapshot; undefined while the store is being opened again. */
function snapshotNow(store: Store): StoreSnapshot | undefined {
  try {
    return store.snapshot()
  } catch (error) {
    if (isReopening(error)) return undefined
    throw error
  }
}

async function snapshotWhenOpen(store: Store): Promise<StoreSnapshot> {
  // Reads wait for the store.
  await store.get(Buffer.of(0))
  return store.snapshot()
}

/**
 * Reads up to `limit` rows, as many as are read ahead. Each page is read by itself, so that it is known to be whole before anybody
 * goes on behind it: an index, a client or a checkpoint would never come back to rows that were passed over.
 */
async function readPage(
  store: Store,
  range: Parameters<Store['values']>[0] & { readonly limit: number },
): Promise<Uint8Array[]> {
  const most = Math.max(SMALLEST_BYTES, range.limit * BYTES_A_RECORD)
  const iterator = store.values({ ...range, highWaterMarkBytes: STEP_BYTES, mayKeepChecksum })
  const page: Uint8Array[] = []
  try {
    for (let bytes = 0; page.length < range.limit && bytes < most;) {
      const found = await iterator.nextv(Math.min(STEP, range.limit - page.length))
      if (found.length === 0) break
      for (const record of found) {
        bytes += record.length
        page.push(record)
      }
    }
    return page
  } finally {
    await iterator.close()
  }
}

/** The stored rows of documents, those behind a sequence, in the order of their sequences. */
export async function changesAt(
  database: DatabaseReader,
  seqs: readonly number[],
): Promise<readonly Uint8Array[]> {
  const sorted = [...seqs].sort((a, b) => a - b)
  const { keys, store } = database[STORAGE]
  const records = await store.getMany(sorted.map(seq => keys.number(KeySpace.change, seq)))
  // A document that was changed meanwhile has its row elsewhere, behind all that is read here.
  return records.filter(record => record !== undefined)
}

export function lastSeq(page: readonly Uint8Array[]): number {
  const last = page.at(-1)
  return last === undefined ? 0 : seqOf(last)
}
