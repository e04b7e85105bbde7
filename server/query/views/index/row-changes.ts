import type { IndexStore, StoreBatch } from '../../../database/indexes/index-store.ts'
import { ROW_FIELDS, type PackedRows } from '../../../sandbox/messages.ts'
import type { ChangedDocument } from './changed-documents.ts'
import { decodeRowPlaces, RowPlacesWriter, sizeOfRows } from './document-rows.ts'
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
        this.#noteRemoved(view, rowKey)
      }
    }
  }

  put(documents: readonly ChangedDocument[], { bytes, index }: PackedRows): void {
    const keyStart = this.#keys.rowPrefix.length + 2
    const places = new RowPlacesWriter()
    let size = 0
    for (let at = 0; at < index.length; at += ROW_FIELDS) {
      const document = index[at] as number
      const view = index[at + 1] as number
      const start = index[at + 2] as number
      const middle = index[at + 3] as number
      const end = index[at + 4] as number
      const key = bytes.subarray(start, middle)
      const value = bytes.subarray(middle, end)
      this.#batch.put(key, value)
      if (this.#keepsChanges) this.#changes[view]?.push([key.subarray(keyStart), value])
      this.added[view] = (this.added[view] ?? 0) + 1
      places.add(view, bytes, start + keyStart, middle)
      size += end - start + middle - start - keyStart
      if (index[at + ROW_FIELDS] !== document) {
        const { id } = documents[document] as ChangedDocument
        this.#batch.put(this.#keys.document(id), places.take(size))
        this.addedBytes += size
        size = 0
      }
    }
  }

  #noteRemoved(view: number, rowKey: Uint8Array): void {
    this.added[view] = (this.added[view] ?? 0) - 1
    if (this.#keepsChanges) this.#changes[view]?.push([rowKey, undefined])
  }
}
