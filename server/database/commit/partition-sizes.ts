import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import { partitionOf } from '../../../protocol/partition.ts'
import { type DatabaseKeys, KeySpace, textOfKey } from '../../storage/keys.ts'
import type { Store } from '../../storage/store.ts'
import type { CommitRecord, CommitSubscriber } from './commit-record.ts'
import { DocumentSummary } from '../documents/document-record.ts'

const RECORDS_AT_A_TIME = 1000

/** More than anybody writes to at once; what is forgotten is counted again. */
const MAX_REMEMBERED = 1000

/** A commit in the making, over the one that may still be syncing. */
interface CommitView {
  /** Documents that are not on disk as they stand, undefined for those that are gone. */
  readonly documents: ReadonlyMap<DocId, { readonly size: number } | undefined>
  /** Bytes by which the commit changes partitions. */
  readonly growth: ReadonlyMap<string, number>
  /** Growth of partitions by the commit before, which is not on disk yet. */
  readonly uncommittedGrowth: ReadonlyMap<string, number>
}

/**
 * Sizes of partitions: the bytes of all their documents' leaves and attachments. A partition is counted when it is first
 * asked for; from then on its size follows the commits.
 */
export class PartitionSizes implements CommitSubscriber {
  readonly #store: Store
  readonly #keys: DatabaseKeys
  /** As of the last commit applied. */
  readonly #sizes = new Map<string, number>()
  #lastApplied: CommitRecord['partitionGrowth'] | undefined

  constructor(store: Store, keys: DatabaseKeys) {
    this.#store = store
    this.#keys = keys
  }

  apply({ partitionGrowth }: CommitRecord): void {
    this.#lastApplied = partitionGrowth
    for (const [partition, bytes] of partitionGrowth) {
      const size = this.#sizes.get(partition)
      if (size !== undefined) this.#sizes.set(partition, size + bytes)
    }
  }

  /** Forgets all sizes, as commits that were counted may not be on disk. */
  reload(): void {
    this.#sizes.clear()
  }

  /** Returns the size of a partition as a commit in the making sees it, in bytes. */
  async sizeOf(partition: string, view: CommitView): Promise<number> {
    const remembered = this.#sizes.get(partition)
    if (remembered !== undefined) return remembered + this.#growthOf(partition, view)
    let size = await this.#onDisk(partition, view.documents)
    for (const [id, document] of view.documents)
      if (partitionOf(id) === partition) size += document?.size ?? 0
    if (this.#sizes.size >= MAX_REMEMBERED) this.#sizes.clear()
    this.#sizes.set(partition, size - this.#growthOf(partition, view))
    return size
  }

  /** Returns what the view adds to the commits that were applied. */
  #growthOf(partition: string, { growth, uncommittedGrowth }: CommitView): number {
    const isApplied = uncommittedGrowth === this.#lastApplied
    return (growth.get(partition) ?? 0) + (isApplied ? 0 : (uncommittedGrowth.get(partition) ?? 0))
  }

  async #onDisk(partition: string, known: CommitView['documents']): Promise<number> {
    const key = (id: string) => this.#keys.text(KeySpace.document, id)
    const iterator = this.#store.iterator({ gte: key(`${partition}:`), lt: key(`${partition};`) })
    let size = 0
    try {
      for (;;) {
        const records = await iterator.nextv(RECORDS_AT_A_TIME)
        if (records.length === 0) return size
        for (const [key, record] of records) {
          if (!known.has(asDocId(textOfKey(key)))) size += new DocumentSummary(record).size
        }
      }
    } finally {
      await iterator.close()
    }
  }
}
