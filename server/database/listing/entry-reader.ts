import type { ReadPace } from '../reading/read-pace.ts'
import type { DatabaseSnapshot } from '../reading/snapshot.ts'
import type { StoredEntry } from './listing-rows.ts'

/** Rows are made of what lies at known places of the records. */
const READ_AHEAD = { highWaterMarkBytes: 256 * 1024, mayKeepChecksum: () => true }

interface EntryRange {
  readonly from: Uint8Array
  /** Not included. */
  readonly to: Uint8Array
  readonly descending: boolean
}

/** Reads a range of a snapshot in pages, ahead by one where the pace allows it. */
export class EntryReader {
  readonly #snapshot: DatabaseSnapshot
  readonly #pace: ReadPace
  #range: EntryRange
  #iterator: ReturnType<DatabaseSnapshot['iterator']> | undefined
  #ahead: Promise<StoredEntry[]> | undefined

  /** Sets the pace's `onStall`. */
  constructor(snapshot: DatabaseSnapshot, range: EntryRange, pace: ReadPace) {
    this.#snapshot = snapshot
    this.#range = range
    this.#pace = pace
    pace.onStall = () => void this.#drop().catch(() => undefined)
  }

  /** Returns the next entries, none at the end. */
  async next(size: number): Promise<readonly StoredEntry[]> {
    const entries = await (this.#ahead ?? this.#read(size))
    this.#ahead = undefined
    const last = entries.at(-1)
    if (last === undefined) return entries
    this.#range = behind(this.#range, last[0])
    if (this.#pace.mayReadAhead) {
      this.#ahead = this.#read(size)
      // A failure is thrown where the page is awaited, and not before somebody asks for it.
      this.#ahead.catch(() => undefined)
    }
    return entries
  }

  async close(): Promise<void> {
    this.#pace.onStall = undefined
    await this.#drop()
  }

  #read(size: number): Promise<StoredEntry[]> {
    const { from, to, descending } = this.#range
    this.#iterator ??= this.#snapshot.iterator({ gte: from, lt: to, reverse: descending, ...READ_AHEAD })
    return this.#iterator.nextv(size)
  }

  async #drop(): Promise<void> {
    const iterator = this.#iterator
    const ahead = this.#ahead
    this.#iterator = this.#ahead = undefined
    await ahead?.catch(() => undefined)
    await iterator?.close()
  }
}

/** The part of a range that comes behind a key. */
function behind({ from, to, descending }: EntryRange, key: Uint8Array): EntryRange {
  if (descending) return { from, to: key, descending }
  return { from: Buffer.concat([key, Buffer.of(0)]), to, descending }
}
