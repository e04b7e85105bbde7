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
import type { Encryption } from './encryption.ts'
import { isPlainRange, isSealed } from './sealed-keys.ts'

/**
 * A store over another, in which the values that hold something of documents are encrypted, each bound to its key. The
 * store below never sees them: neither its log nor its tables do.
 */
export class SealedStore implements Store {
  readonly encryption: Encryption
  readonly #inner: Store
  readonly compactRange: Store['compactRange']
  readonly approximateSize: Store['approximateSize']
  readonly copyTo: Store['copyTo']
  readonly health: Store['health']
  readonly recovery: Store['recovery']

  constructor(inner: Store, encryption: Encryption) {
    this.#inner = inner
    this.encryption = encryption
    this.health = inner.health
    this.recovery = inner.recovery
    this.compactRange = inner.compactRange?.bind(inner)
    this.approximateSize = inner.approximateSize?.bind(inner)
    this.copyTo = inner.copyTo?.bind(inner)
  }

  async get(key: Uint8Array, options?: StoreReadOptions): Promise<Uint8Array | undefined> {
    return this.#opened(key, await this.#inner.get(key, options))
  }

  getSync(key: Uint8Array, options?: StoreReadOptions): Uint8Array | undefined {
    return this.#opened(key, this.#inner.getSync(key, options))
  }

  async getMany(keys: Uint8Array[], options?: StoreReadOptions): Promise<(Uint8Array | undefined)[]> {
    const values = await this.#inner.getMany(keys, options)
    return values.map((value, index) => this.#opened(keys[index] as Uint8Array, value))
  }

  put(key: Uint8Array, value: Uint8Array, options?: StoreWriteOptions): Promise<void> {
    return this.#inner.put(key, this.#sealed(key, value), options)
  }

  del(key: Uint8Array, options?: StoreWriteOptions): Promise<void> {
    return this.#inner.del(key, options)
  }

  batch(): StoreBatch {
    return new SealedBatch(this.#inner.batch(), (key, value) => this.#sealed(key, value))
  }

  iterator(range: RangeOptions): StoreIterator<StoreEntry> {
    const entries = this.#inner.iterator(range)
    return isPlainRange(range) ? entries : new MappedIterator(entries, entry => this.#openedEntry(entry))
  }

  keys(range: RangeOptions): StoreIterator<Uint8Array> {
    return this.#inner.keys(range)
  }

  values(range: RangeOptions): StoreIterator<Uint8Array> {
    if (isPlainRange(range)) return this.#inner.values(range)
    return new MappedIterator(this.#inner.iterator(range), entry => this.#openedEntry(entry)[1])
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

  #sealed(key: Uint8Array, value: Uint8Array): Uint8Array {
    return isSealed(key) ? this.encryption.seal(key, value) : value
  }

  #opened(key: Uint8Array, value: Uint8Array | undefined): Uint8Array | undefined {
    return value !== undefined && isSealed(key) ? this.encryption.open(key, value) : value
  }

  #openedEntry([key, value]: StoreEntry): StoreEntry {
    return [key, isSealed(key) ? this.encryption.open(key, value) : value]
  }
}

class SealedBatch implements StoreBatch {
  readonly #inner: StoreBatch
  readonly #sealed: (key: Uint8Array, value: Uint8Array) => Uint8Array

  constructor(inner: StoreBatch, sealed: (key: Uint8Array, value: Uint8Array) => Uint8Array) {
    this.#inner = inner
    this.#sealed = sealed
  }

  put(key: Uint8Array, value: Uint8Array): this {
    this.#inner.put(key, this.#sealed(key, value))
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
