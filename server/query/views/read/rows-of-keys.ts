import type { StoreIterator, StoreEntry } from '../../../database/indexes/index-store.ts'
import { compareKeys } from '../row-key.ts'
import type { RowRange } from '../request/view-query.ts'
import type { ViewReader } from './view-reader.ts'

/** Most keys have few rows. */
const FIRST_BATCH = 8

/**
 * Reads the rows of one key after another with one iterator. Each iterator of LevelDB holds some kilobytes outside the
 * heap until the collector comes by: one for each of a million keys took gigabytes.
 */
export class RowsOfKeys {
  readonly #reader: ViewReader
  readonly #reverse: boolean
  readonly #iterator: StoreIterator<StoreEntry>

  constructor(reader: ViewReader, reverse: boolean) {
    const { store, keys, view, snapshot } = reader
    this.#reader = reader
    this.#reverse = reverse
    this.#iterator = store.iterator({ ...keys.rows(view), reverse, snapshot, highWaterMarkBytes: 128 * 1024 })
  }

  /** The rows of a range, in batches of at most `size`. */
  async *read({ from, to }: RowRange, size: number): AsyncGenerator<Uint8Array[]> {
    const { keys, view } = this.#reader
    const low = keys.row(view, from)
    const high = to === undefined ? keys.rows(view).lt : keys.row(view, to)
    this.#iterator.seek(this.#reverse ? high : low)
    for (let batch = Math.min(FIRST_BATCH, size); ; batch = size) {
      const entries = await this.#iterator.nextv(batch)
      const rows = entries.filter(([key]) => compareKeys(key, low) >= 0 && compareKeys(key, high) < 0)
      if (rows.length > 0) yield rows.map(([, row]) => row)
      const [key] = entries.at(-1) ?? []
      if (key === undefined || (this.#reverse ? compareKeys(key, low) < 0 : compareKeys(key, high) >= 0))
        return
    }
  }

  close(): Promise<void> {
    return this.#iterator.close()
  }
}
