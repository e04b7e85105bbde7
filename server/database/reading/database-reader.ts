import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { KeySpace, textOfKey } from '../../storage/keys.ts'
import { readMany } from '../../storage/read-many.ts'
import { decodeBodyRecord, type BodyRecord, type StoredAttachment } from '../documents/body-record.ts'
import { DocumentSummary } from '../documents/document-record.ts'
import { IndexStores } from '../indexes/index-store.ts'
import { DatabaseSnapshot } from './snapshot.ts'
import { STORAGE, type DatabaseStorage } from '../storage-of.ts'
import { StoredDocument } from '../documents/stored-document.ts'

/** Reads of a database as it is on disk now. `change-pages.ts` and `read-bodies.ts` read changes and bodies in pages. */
export class DatabaseReader {
  readonly [STORAGE]: DatabaseStorage
  /** Indexes of views and of Mango. */
  readonly indexes: IndexStores

  constructor(storage: DatabaseStorage) {
    this[STORAGE] = storage
    this.indexes = new IndexStores(storage)
  }

  /** The database as it is on disk now; to be closed. */
  snapshot(): DatabaseSnapshot {
    const { store, keys } = this[STORAGE]
    return new DatabaseSnapshot(store, keys)
  }

  /**
   * Returns a document, undefined when it does not exist. Single records are read on this thread: that costs a few microseconds
   * where the pages are in memory, a third of what a hop to the thread pool does.
   */
  document(id: DocId): StoredDocument | undefined {
    const { store, keys } = this[STORAGE]
    const record = store.getSync(keys.text(KeySpace.document, id))
    return record === undefined ? undefined : this.#stored(id, record)
  }

  /** Returns documents in the order of their ids as given, undefined for those that do not exist. */
  async documents(ids: readonly DocId[]): Promise<(StoredDocument | undefined)[]> {
    const { store, keys } = this[STORAGE]
    const records = await store.getMany(ids.map(id => keys.text(KeySpace.document, id)))
    return records.map((record, index) =>
      record === undefined ? undefined : this.#stored(ids[index]!, record),
    )
  }

  /** Returns what is known of documents without their trees, in the order given, undefined for those that do not exist. */
  async summaries(ids: readonly DocId[]): Promise<(DocumentSummary | undefined)[]> {
    const { store, keys } = this[STORAGE]
    const records = await readMany(
      store,
      ids.map(id => keys.text(KeySpace.document, id)),
    )
    return records.map(record => (record === undefined ? undefined : new DocumentSummary(record)))
  }

  /** Reads the documents, deleted ones too, whose ids lie from `from` up to but not including `to`, in their order. */
  async *summariesBetween(
    from: string,
    to: string,
  ): AsyncGenerator<{ readonly id: DocId; readonly summary: DocumentSummary }, void, undefined> {
    const { store, keys } = this[STORAGE]
    const range = { gte: keys.text(KeySpace.document, from), lt: keys.text(KeySpace.document, to) }
    for await (const [key, record] of store.iterator(range)) {
      yield { id: asDocId(textOfKey(key)), summary: new DocumentSummary(record) }
    }
  }

  /**
   * Returns the stored body under a number.
   *
   * @throws `missing` when it was compacted away
   */
  body(number: number): BodyRecord {
    const { store, keys } = this[STORAGE]
    const record = number > 0 ? store.getSync(keys.number(KeySpace.body, number)) : undefined
    if (record === undefined) throw fail('missing')
    return decodeBodyRecord(record)
  }

  /** Returns stored bodies, undefined for those that were compacted away. */
  async bodies(numbers: readonly number[]): Promise<(BodyRecord | undefined)[]> {
    const { store, keys } = this[STORAGE]
    const records = await store.getMany(numbers.map(number => keys.number(KeySpace.body, number)))
    return records.map(record => record && decodeBodyRecord(record))
  }

  attachmentsOf(body: number): readonly StoredAttachment[] {
    return body > 0 ? this.body(body).attachments : []
  }

  #stored(id: DocId, record: Uint8Array): StoredDocument {
    const { store, keys } = this[STORAGE]
    return new StoredDocument(record, () => store.getSync(keys.text(KeySpace.tree, id)))
  }
}
