import type { IndexStore, StoreBatch } from '../../../database/indexes/index-store.ts'
import { ROW_FIELDS, type PackedRows } from '../../../sandbox/messages.ts'
import type { ChangedDocument } from './changed-documents.ts'
import { decodeRowPlaces, encodeRowPlaces, type RowPlace, sizeOfRows } from './document-rows.ts'
import type { RowChange } from '../reductions/overlay.ts'
import type { IndexKeys } from '../row-key.ts'

/** Changes to the rows of each view by a batch of changed documents, collected in a batch of the store. */
export class RowChanges {
  /** For each view the rows that there are more, or less. */
  readonly added: number[]
  /** Bytes that the documents' rows and records take more, or less. */
  addedBytes = 0
  /** Bytes of the rows and records that are removed or replaced. */
  removedBytes = 0
  readonly #batch: StoreBatch
  readonly #keys: IndexKeys
  readonly #changes: RowChange[][]
  readonly #keepsChanges: boolean

  /** @param options.keepsChanges whether `changesOf` will be called */
  constructor(batch: StoreBatch, keys: IndexKeys, options: { views: number; keepsChanges: boolean }) {
    this.#batch = batch
    this.#keys = keys
    this.added = new Array<number>(options.views).fill(0)
    this.#changes = Array.from({ length: options.views }, () => [])
    this.#keepsChanges = options.keepsChanges
  }

  changesOf(view: number): readonly RowChange[] {
    return this.#changes[view] ?? []
  }

  /**
   * Takes out the rows that the documents have in the store.
   *
   * @param bytesOfRow about the bytes of a row, for records of earlier versions that do not tell
   */
  async removeOld(
    documents: readonly ChangedDocument[],
    store: IndexStore,
    bytesOfRow: number,
  ): Promise<void> {
    const keys = documents.map(({ id }) => this.#keys.document(id))
    const records = await store.getMany(keys)
    for (const [index, record] of records.entries()) {
      if (record === undefined) continue
      this.#batch.del(keys[index] as Uint8Array)
      const places = decodeRowPlaces(record)
      const size = sizeOfRows(record) ?? places.length * bytesOfRow
      this.addedBytes -= size
      this.removedBytes += size
      for (const { view, rowKey } of places) {
        this.#batch.del(this.#keys.row(view, rowKey))
        this.#note(view, -1, rowKey, undefined)
      }
    }
  }

  put(documents: readonly ChangedDocument[], { bytes, index }: PackedRows): void {
    const keyStart = this.#keys.rowPrefix.length + 2
    let places: RowPlace[] = []
    let size = 0
    for (let position = 0; position < index.length; position += ROW_FIELDS) {
      const document = index[position] as number
      const view = index[position + 1] as number
      const middle = index[position + 3] as number
      const key = bytes.subarray(index[position + 2], middle)
      const value = bytes.subarray(middle, index[position + 4])
      this.#batch.put(key, value)
      const rowKey = key.subarray(keyStart)
      this.#note(view, 1, rowKey, value)
      places.push({ view, rowKey })
      size += key.length + value.length + rowKey.length
      if (index[position + ROW_FIELDS] !== document) {
        const { id } = documents[document] as ChangedDocument
        this.#batch.put(this.#keys.document(id), encodeRowPlaces(places, size))
        this.addedBytes += size
        places = []
        size = 0
      }
    }
  }

  #note(view: number, count: 1 | -1, rowKey: Uint8Array, value: Uint8Array | undefined): void {
    this.added[view] = (this.added[view] ?? 0) + count
    if (this.#keepsChanges) this.#changes[view]?.push([rowKey, value])
  }
}
