import type {
  StoreEntry,
  RangeOptions,
  StoreReadOptions,
  Store,
  StoreBatch,
  StoreIterator,
  StoreSnapshot,
  StoreWriteOptions,
} from '../contract.ts'
import { MappedIterator } from '../mapped-iterator.ts'
import { isChecked, isSelfDescribingRange } from './checked-keys.ts'
import { withChecksum, withoutChecksum } from './checksum.ts'

/**
 * A store over another, in which every value has a checksum that is verified whenever it is read: LevelDB has checksums in
 * its tables, and does not look at them.
 */
export class CheckedStore implements Store {
  readonly #inner: Store
  readonly compactRange: Store['compactRange']
  readonly approximateSize: Store['approximateSize']
  readonly copyTo: Store['copyTo']
  readonly health: Store['health']

  constructor(inner: Store) {
    this.#inner = inner
    this.health = inner.health
    this.compactRange = inner.compactRange?.bind(inner)
    this.approximateSize = inner.approximateSize?.bind(inner)
    this.copyTo = inner.copyTo?.bind(inner)
  }

  get recovery(): Store['recovery'] {
    return this.#inner.recovery
  }

  async get(key: Uint8Array, options?: StoreReadOptions): Promise<Uint8Array | undefined> {
    return checked(key, await this.#inner.get(key, options))
  }

  getSync(key: Uint8Array, options?: StoreReadOptions): Uint8Array | undefined {
    return checked(key, this.#inner.getSync(key, options))
  }

  async getMany(keys: Uint8Array[], options?: StoreReadOptions): Promise<(Uint8Array | undefined)[]> {
    const values = await this.#inner.getMany(keys, options)
    return values.map((value, index) => checked(keys[index] as Uint8Array, value))
  }

  put(key: Uint8Array, value: Uint8Array, options?: StoreWriteOptions): Promise<void> {
    return this.#inner.put(key, isChecked(key) ? withChecksum(key, value) : value, options)
  }

  del(key: Uint8Array, options?: StoreWriteOptions): Promise<void> {
    return this.#inner.del(key, options)
  }

  batch(): StoreBatch {
    return new CheckedBatch(this.#inner.batch())
  }

  iterator(range: RangeOptions): StoreIterator<StoreEntry> {
    return new MappedIterator(this.#inner.iterator(range), ([key, value]): StoreEntry => [
      key,
      isChecked(key) ? withoutChecksum(key, value) : value,
    ])
  }

  keys(range: RangeOptions): StoreIterator<Uint8Array> {
    return this.#inner.keys(range)
  }

  values(range: RangeOptions): StoreIterator<Uint8Array> {
    if (isSelfDescribingRange(range)) {
      return new MappedIterator(this.#inner.values(range), value => withoutChecksum(undefined, value))
    }
    return new MappedIterator(this.#inner.iterator(range), ([key, value]) =>
      isChecked(key) ? withoutChecksum(key, value) : value,
    )
  }

  clear(range: RangeOptions): Promise<void> {
    return this.#inner.clear(range)
  }

  snapshot(): StoreSnapshot {
    return this.#inner.snapshot()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}

function checked(key: Uint8Array, value: Uint8Array | undefined): Uint8Array | undefined {
  return value !== undefined && isChecked(key) ? withoutChecksum(key, value) : value
}

class CheckedBatch implements StoreBatch {
  readonly #inner: StoreBatch

  constructor(inner: StoreBatch) {
    this.#inner = inner
  }

  put(key: Uint8Array, value: Uint8Array): this {
    this.#inner.put(key, isChecked(key) ? withChecksum(key, value) : value)
    return this
  }

  del(key: Uint8Array): this {
    this.#inner.del(key)
    return this
  }

  write(options?: StoreWriteOptions): Promise<void> {
    return options === undefined ? this.#inner.write() : this.#inner.write(options)
  }
}
