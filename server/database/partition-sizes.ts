import type { DocId } from '../../protocol/document-id.ts'
import { partitionOf } from '../../protocol/partition.ts'
import { type DatabaseKeys, Space, textOfKey } from '../storage/keys.ts'
import type { Store } from '../storage/store.ts'
import { DocumentSummary } from './document-record.ts'

const RECORDS_AT_A_TIME = 1000

/** More than anybody writes to at once; what is forgotten is counted again. */
const MOST_REMEMBERED = 1000

/** Documents that are not on disk as they stand, and those that are gone. */
type Known = ReadonlyMap<DocId, { readonly size: number } | undefined>

/**
 * How large partitions are: the bytes of all their documents' leaves and attachments. A partition is counted when it is
 * first asked for, and kept up to date by the commits from then on.
 */
export class PartitionSizes {
  readonly #store: Store
  readonly #keys: DatabaseKeys
  readonly #sizes = new Map<string, number>()

  constructor(store: Store, keys: DatabaseKeys) {
    this.#store = store
    this.#keys = keys
  }

  /** Forgets all sizes, as commits that were counted may not be on disk. */
  clear(): void {
    this.#sizes.clear()
  }

  /** Told of each document whose size a commit changes. */
  grow(id: DocId, bytes: number): void {
    if (this.#sizes.size === 0) return
    const partition = partitionOf(id)
    const size = partition === undefined ? undefined : this.#sizes.get(partition)
    if (partition !== undefined && size !== undefined) this.#sizes.set(partition, size + bytes)
  }

  /** As the commit in the making sees it. */
  async sizeOf(partition: string, known: Known): Promise<number> {
    const remembered = this.#sizes.get(partition)
    if (remembered !== undefined) return remembered
    let size = await this.#onDisk(partition, known)
    for (const [id, document] of known) if (partitionOf(id) === partition) size += document?.size ?? 0
    if (this.#sizes.size >= MOST_REMEMBERED) this.#sizes.clear()
    this.#sizes.set(partition, size)
    return size
  }

  async #onDisk(partition: string, known: Known): Promise<number> {
    const key = (id: string) => this.#keys.text(Space.document, id)
    const iterator = this.#store.iterator({ gte: key(`${partition}:`), lt: key(`${partition};`) })
    let size = 0
    try {
      for (;;) {
        const records = await iterator.nextv(RECORDS_AT_A_TIME)
        if (records.length === 0) return size
        for (const [key, record] of records) {
          if (!known.has(textOfKey(key) as DocId)) size += new DocumentSummary(record).size
        }
      }
    } finally {
      await iterator.close()
    }
  }
}
