import { isReopening } from '../../../protocol/errors.ts'
import { seqOf } from '../change-record.ts'
import type { Database } from '../database.ts'
import { Space } from '../../storage/keys.ts'

/** How far the store reads ahead of the feed. */
const READ_AHEAD = { highWaterMarkBytes: 256 * 1024 }

export interface PageOptions {
  /** Sequence numbers above this. */
  readonly after: number
  /** Up to this. */
  readonly upTo: number
  readonly descending?: boolean
  /** Records in a page. */
  readonly size: number
  readonly limit?: number
}

/**
 * The stored rows of a range of sequences, in pages, as they were when reading began. While the caller works on a page
 * the next one is read.
 */
export async function* changePages(
  database: Database,
  { after, upTo, descending = false, size, limit = -1 }: PageOptions,
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  const { keys, store } = database
  const range = {
    gte: keys.number(Space.change, after + 1),
    lte: keys.number(Space.change, upTo),
    reverse: descending,
    limit,
  }
  let iterator = store.values({ ...range, ...READ_AHEAD })
  let next = iterator.nextv(size)
  let left = limit
  try {
    for (;;) {
      const page = await next.catch(async (error: unknown) => {
        if (!isReopening(error)) throw error
        await iterator.close()
        iterator = store.values({ ...range, ...READ_AHEAD })
        return iterator.nextv(size)
      })
      if (page.length === 0) return
      next = iterator.nextv(size)
      // A failure is thrown where the page is awaited, and not before somebody asks for it.
      next.catch(() => undefined)
      // Where the store is opened again, reading goes on behind this page.
      const at = lastSeq(page)
      if (descending) range.lte = keys.number(Space.change, Math.max(at - 1, 0))
      else range.gte = keys.number(Space.change, at + 1)
      if (left >= 0) range.limit = left = Math.max(0, left - page.length)
      yield page
    }
  } finally {
    await iterator.close()
  }
}

/** The stored rows of documents, those behind a sequence, in the order of their sequences. */
export async function changesAt(database: Database, seqs: readonly number[]): Promise<readonly Uint8Array[]> {
  const sorted = [...seqs].sort((a, b) => a - b)
  const records = await database.store.getMany(sorted.map(seq => database.keys.number(Space.change, seq)))
  // A document that was changed meanwhile has its row elsewhere, behind all that is read here.
  return records.filter(record => record !== undefined)
}

export function lastSeq(page: readonly Uint8Array[]): number {
  const last = page.at(-1)
  return last === undefined ? 0 : seqOf(last)
}
