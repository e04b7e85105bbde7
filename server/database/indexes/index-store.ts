import { KeySpace } from '../../storage/keys.ts'
import type {
  StoreEntry,
  RangeOptions,
  Store,
  StoreBatch,
  StoreIterator,
  StoreReadOptions,
  StoreSnapshot,
} from '../../storage/store.ts'
import {
  approximateSize,
  keyAfter,
  clearRange,
  compactRange,
  type KeyRange,
} from '../../storage/range-maintenance.ts'
import type { DatabaseStorage } from '../storage-of.ts'

export type { KeyRange } from '../../storage/range-maintenance.ts'
export type {
  StoreEntry,
  RangeOptions,
  StoreBatch,
  StoreIterator,
  StoreSnapshot,
} from '../../storage/store.ts'

/** Length of what indexes are told apart by: the first bytes of their signatures. */
export const SIGNATURE_BYTES = 6

/**
 * The records of one index. All its keys begin with `prefix`; what follows is the index's own. Indexes are kept by each
 * node for itself, and written without a sync: what a crash takes is built again.
 */
export class IndexStore {
  readonly prefix: Uint8Array
  readonly #store: Store

  constructor(store: Store, prefix: Uint8Array) {
    this.#store = store
    this.prefix = prefix
  }

  /** The moment that reads of the index, and of the database's changes, can be bound to; to be closed. */
  snapshot(): StoreSnapshot {
    return this.#store.snapshot()
  }

  getSync(key: Uint8Array, options?: StoreReadOptions): Uint8Array | undefined {
    return this.#store.getSync(key, options)
  }

  getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#store.getMany(keys)
  }

  put(key: Uint8Array, value: Uint8Array): Promise<void> {
    return this.#store.put(key, value)
  }

  batch(): StoreBatch {
    return this.#store.batch()
  }

  iterator(range: RangeOptions): StoreIterator<StoreEntry> {
    return this.#store.iterator(range)
  }

  keys(range: RangeOptions): StoreIterator<Uint8Array> {
    return this.#store.keys(range)
  }

  values(range: RangeOptions): StoreIterator<Uint8Array> {
    return this.#store.values(range)
  }

  clear(range: KeyRange): Promise<void> {
    return this.#store.clear(range)
  }

  /** Returns about how many bytes a range takes on disk. */
  sizeOf(range: KeyRange): Promise<number> {
    return approximateSize(this.#store, range)
  }

  /**
   * Frees the disk space of removed entries of a range.
   *
   * @param options.startsWithKey true where the range begins with a key that exists
   */
  compact(range: KeyRange, { startsWithKey }: { startsWithKey: boolean }): Promise<void> {
    const first = startsWithKey ? keyAfter(range.gte) : range.gte
    return compactRange(this.#store, range, [first, range.lt])
  }
}

/** All indexes of a database. */
export class IndexStores {
  readonly #storage: DatabaseStorage

  constructor(storage: DatabaseStorage) {
    this.#storage = storage
  }

  /** @param signature in hex */
  of(signature: string): IndexStore {
    const { store, keys } = this.#storage
    return new IndexStore(store, keys.bytes(KeySpace.index, bytesOf(signature)))
  }

  /** Removes what is stored of all indexes but those of some signatures. */
  async removeOthers(signatures: Iterable<string>): Promise<void> {
    const kept = new Set([...signatures].map(signature => bytesOf(signature).toString('hex')))
    for (const stored of await this.#stored()) {
      if (!kept.has(stored)) await clearRange(this.#storage.store, this.#rangeOf(stored))
    }
  }

  /** Returns the first bytes of the signatures of all indexes in the store, in hex. */
  async #stored(): Promise<string[]> {
    const { store, keys } = this.#storage
    const found: string[] = []
    const { lt } = keys.range(KeySpace.index)
    let { gte } = keys.range(KeySpace.index)
    const prefixLength = gte.length
    for (;;) {
      const [key] = await store.keys({ gte, lt, limit: 1 }).all()
      if (key === undefined) return found
      const signature = Buffer.from(key.subarray(prefixLength, prefixLength + SIGNATURE_BYTES)).toString(
        'hex',
      )
      found.push(signature)
      gte = this.#rangeOf(signature).lt
    }
  }

  #rangeOf(signature: string): { gte: Buffer; lt: Buffer } {
    const { keys } = this.#storage
    const bytes = bytesOf(signature)
    const end = Buffer.concat([bytes, Buffer.alloc(1, 0xff)])
    return { gte: keys.bytes(KeySpace.index, bytes), lt: keys.bytes(KeySpace.index, end) }
  }
}

function bytesOf(signature: string): Buffer {
  return Buffer.from(signature, 'hex').subarray(0, SIGNATURE_BYTES)
}
