import { isReopening } from '../../../protocol/errors.ts'
import { isBranched, seqOf } from '../documents/change-record.ts'
import type { DatabaseReader } from './database-reader.ts'
import { UNHURRIED, type ReadPace } from './read-pace.ts'
import { KeySpace } from '../../storage/keys.ts'
import { cutChecksum } from '../../storage/checksums/checksum.ts'
import type { StoreSnapshot } from '../../storage/store.ts'
import { STORAGE } from '../storage-of.ts'

/** Reads ahead of the feed, and leaves behind each record its checksum, which {@link trimmed} cuts off where it would be read. */
const READ_AHEAD = { highWaterMarkBytes: 256 * 1024, keepChecksums: true }

export interface PageOptions {
  /** Sequence numbers above this. */
  readonly after: number
  /** Up to this. */
  readonly upTo: number
  readonly descending?: boolean
  /** Records in a page. */
  readonly size: number
  readonly limit?: number
  readonly pace?: ReadPace
}

/**
 * The stored rows of a range of sequences, in pages, as they were when reading began. While the caller works on a page
 * the next one is read, where the pace allows it.
 */
export async function* changePages(
  database: DatabaseReader,
  { after, upTo, descending = false, size, limit = -1, pace = UNHURRIED }: PageOptions,
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  const { keys, store } = database[STORAGE]
  const range = {
    gte: keys.number(KeySpace.change, after + 1),
    lte: keys.number(KeySpace.change, upTo),
    reverse: descending,
    limit,
  }
  let iterator = store.values({ ...range, ...READ_AHEAD })
  const read = async (): Promise<Uint8Array[]> => trimmed(await iterator.nextv(size))
  let next: Promise<Uint8Array[]> | undefined
  let left = limit
  try {
    for (;;) {
      const page = await (next ?? read()).catch(async (error: unknown) => {
        if (!isReopening(error)) throw error
        await iterator.close()
        iterator = store.values({ ...range, ...READ_AHEAD })
        return read()
      })
      if (page.length === 0) return
      next = pace.mayReadAhead ? read() : undefined
      // A failure is thrown where the page is awaited, and not before somebody asks for it.
      next?.catch(() => undefined)
      // Where the store is opened again, reading goes on behind this page.
      const seq = lastSeq(page)
      if (descending) range.lte = keys.number(KeySpace.change, Math.max(seq - 1, 0))
      else range.gte = keys.number(KeySpace.change, seq + 1)
      if (left >= 0) range.limit = left = Math.max(0, left - page.length)
      yield page
    }
  } finally {
    await iterator.close()
  }
}

/**
 * Cuts the checksum off records of several leaves, which end where their last row does; of others the length of the row is
 * known. Nobody else has the page: it is used again.
 */
function trimmed(page: Uint8Array[]): Uint8Array[] {
  for (let index = 0; index < page.length; index++) {
    const record = page[index]!
    if (isBranched(record)) page[index] = cutChecksum(record)
  }
  return page
}

/** The stored rows behind a sequence number, in pages, as they were at the moment of a snapshot. */
export async function* changesAtMoment(
  database: DatabaseReader,
  { after, size, snapshot }: { after: number; size: number; snapshot: StoreSnapshot },
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  const { keys, store } = database[STORAGE]
  const range = { gte: keys.number(KeySpace.change, after + 1), lt: keys.range(KeySpace.change).lt }
  const iterator = store.values({ ...range, snapshot, ...READ_AHEAD })
  try {
    for (;;) {
      const page = trimmed(await iterator.nextv(size))
      if (page.length === 0) return
      yield page
    }
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
