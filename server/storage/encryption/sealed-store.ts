import type { RangeOptions, Store, StoreEntry, StoreIterator, StoreReadOptions } from '../contract.ts'
import { ForwardingStore } from '../forwarding-store.ts'
import { MappedIterator } from '../mapped-iterator.ts'
import type { Encryption } from './encryption.ts'
import { isPlainRange, isSealed } from './sealed-keys.ts'

/**
 * A store over another, in which the values that hold something of documents are encrypted, each bound to its key. The
 * store below never sees them: neither its log nor its tables do.
 */
export class SealedStore extends ForwardingStore {
  readonly encryption: Encryption

  constructor(inner: Store, encryption: Encryption) {
    super(inner)
    this.encryption = encryption
  }

  override async get(key: Uint8Array, options?: StoreReadOptions): Promise<Uint8Array | undefined> {
    return this.#opened(key, await this.inner.get(key, options))
  }

  override getSync(key: Uint8Array, options?: StoreReadOptions): Uint8Array | undefined {
    return this.#opened(key, this.inner.getSync(key, options))
  }

  override async getMany(
    keys: Uint8Array[],
    options?: StoreReadOptions,
  ): Promise<(Uint8Array | undefined)[]> {
    const values = await this.inner.getMany(keys, options)
    return values.map((value, index) => this.#opened(keys[index] as Uint8Array, value))
  }

  protected override encoded(key: Uint8Array, value: Uint8Array): Uint8Array {
    return isSealed(key) ? this.encryption.seal(key, value) : value
  }

  override iterator(range: RangeOptions): StoreIterator<StoreEntry> {
    const entries = this.inner.iterator(range)
    return isPlainRange(range) ? entries : new MappedIterator(entries, list => this.#openedEntries(list))
  }

  override values(range: RangeOptions): StoreIterator<Uint8Array> {
    if (isPlainRange(range)) return this.inner.values(range)
    return new MappedIterator(this.inner.iterator(range), list =>
      this.#openedEntries(list).map(([, value]) => value),
    )
  }

  #opened(key: Uint8Array, value: Uint8Array | undefined): Uint8Array | undefined {
    return value !== undefined && isSealed(key) ? this.encryption.open(key, value) : value
  }

  /** Nobody else has the entries: they are used again. */
  #openedEntries(entries: StoreEntry[]): StoreEntry[] {
    for (const entry of entries) {
      const [key, value] = entry
      if (isSealed(key)) entry[1] = this.encryption.open(key, value)
    }
    return entries
  }
}
