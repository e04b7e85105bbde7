import type {
  RangeOptions,
  Store,
  StoreBatch,
  StoreEntry,
  StoreIterator,
  StoreReadOptions,
  StoreSnapshot,
  StoreWriteOptions,
} from './contract.ts'

/** A store over another: values change on their way through it, all else is asked of the other as it is. */
export abstract class ForwardingStore implements Store {
  protected readonly inner: Store
  readonly compactRange: Store['compactRange']
  readonly approximateSize: Store['approximateSize']
  readonly copyTo: Store['copyTo']
  readonly health: Store['health']

  constructor(inner: Store) {
    this.inner = inner
    this.health = inner.health
    this.compactRange = inner.compactRange?.bind(inner)
    this.approximateSize = inner.approximateSize?.bind(inner)
    this.copyTo = inner.copyTo?.bind(inner)
  }

  get recovery(): Store['recovery'] {
    return this.inner.recovery
  }

  /** Returns the value that the store below holds for one of this store. */
  protected abstract encoded(key: Uint8Array, value: Uint8Array): Uint8Array

  abstract get(key: Uint8Array, options?: StoreReadOptions): Promise<Uint8Array | undefined>
  abstract getSync(key: Uint8Array, options?: StoreReadOptions): Uint8Array | undefined
  abstract getMany(keys: Uint8Array[], options?: StoreReadOptions): Promise<(Uint8Array | undefined)[]>
  abstract iterator(range: RangeOptions): StoreIterator<StoreEntry>
  abstract values(range: RangeOptions): StoreIterator<Uint8Array>

  keys(range: RangeOptions): StoreIterator<Uint8Array> {
    return this.inner.keys(range)
  }

  put(key: Uint8Array, value: Uint8Array, options?: StoreWriteOptions): Promise<void> {
    return this.inner.put(key, this.encoded(key, value), options)
  }

  del(key: Uint8Array, options?: StoreWriteOptions): Promise<void> {
    return this.inner.del(key, options)
  }

  batch(): StoreBatch {
    return new ForwardingBatch(this.inner.batch(), (key, value) => this.encoded(key, value))
  }

  clear(range: RangeOptions): Promise<void> {
    return this.inner.clear(range)
  }

  snapshot(): StoreSnapshot {
    return this.inner.snapshot()
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}

class ForwardingBatch implements StoreBatch {
  readonly #inner: StoreBatch
  readonly #encoded: (key: Uint8Array, value: Uint8Array) => Uint8Array

  constructor(inner: StoreBatch, encoded: (key: Uint8Array, value: Uint8Array) => Uint8Array) {
    this.#inner = inner
    this.#encoded = encoded
  }

  put(key: Uint8Array, value: Uint8Array): this {
    this.#inner.put(key, this.#encoded(key, value))
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
