import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DocumentSorter } from '../../replicator/comparison/by-listings.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import type { IdRange, ListedDocument } from '../../replicator/peer.ts'
import { StoreLevel } from '../storage/store-level.ts'

const ROWS_AT_A_TIME = 1000

/**
 * Sorts documents by their ids in a LevelDB of their own, which is removed at the end. LevelDB merges sorted runs on disk, so
 * memory does not grow with the documents. Nothing is synced: what a crash leaves is of no use.
 */
export class LevelSorter implements DocumentSorter {
  readonly #directory: string
  readonly #level: StoreLevel<string>
  readonly #maxBytes: number
  #bytes = 0

  /**
   * @param parent a directory that is made where it is missing
   * @param maxBytes of all that is put; 0 for no bound
   */
  static async open(parent: string, maxBytes: number): Promise<LevelSorter> {
    await mkdir(parent, { recursive: true, mode: 0o700 })
    const directory = await mkdtemp(join(parent, 'sort-'))
    const level = new StoreLevel<string>(directory, { keyEncoding: 'view', valueEncoding: 'utf8' })
    await level.open()
    return new LevelSorter(directory, level, maxBytes)
  }

  private constructor(directory: string, level: StoreLevel<string>, maxBytes: number) {
    this.#directory = directory
    this.#level = level
    this.#maxBytes = maxBytes
  }

  /** @throws PeerError `listing_too_large`: a feed without an end would fill the disk */
  async put(documents: readonly ListedDocument[]): Promise<void> {
    const rows = documents.map(({ id, leaves }) => ({
      type: 'put' as const,
      key: Buffer.from(id),
      value: JSON.stringify(leaves),
    }))
    for (const { key, value } of rows) this.#bytes += key.length + value.length
    if (this.#maxBytes > 0 && this.#bytes > this.#maxBytes)
      throw new PeerError(
        'listing_too_large',
        `the ids and revisions of a side take more than ${this.#maxBytes} bytes`,
      )
    await this.#level.batch(rows)
  }

  async *read({ start, end }: IdRange): AsyncGenerator<ListedDocument, void, undefined> {
    const iterator = this.#level.iterator({
      gte: Buffer.from(start ?? ''),
      ...(end === undefined ? {} : { lt: Buffer.from(end) }),
    })
    try {
      for (;;) {
        const rows = await iterator.nextv(ROWS_AT_A_TIME)
        if (rows.length === 0) return
        for (const [key, value] of rows) {
          const leaves = JSON.parse(value) as ListedDocument['leaves']
          yield { id: Buffer.from(key).toString(), leaves }
        }
      }
    } finally {
      await iterator.close()
    }
  }

  async close(): Promise<void> {
    await this.#level.close()
    await rm(this.#directory, { recursive: true, force: true })
  }
}
