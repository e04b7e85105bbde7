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
import { DamagedValueError } from '../encryption/damaged.ts'
import { describeKey, isChecked, isSelfDescribingRange } from './checked-keys.ts'
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
    try {
      return checked(key, await this.#inner.get(key, options))
    } catch (error) {
      throw this.#damage(error, key)
    }
  }

  getSync(key: Uint8Array, options?: StoreReadOptions): Uint8Array | undefined {
    try {
      return checked(key, this.#inner.getSync(key, options))
    } catch (error) {
      throw this.#damage(error, key)
    }
  }

  async getMany(keys: Uint8Array[], options?: StoreReadOptions): Promise<(Uint8Array | undefined)[]> {
    try {
      const values = await this.#inner.getMany(keys, options)
      return values.map((value, index) => checked(keys[index] as Uint8Array, value))
    } catch (error) {
      throw this.#damage(error, isCorruption(error) ? this.#unreadable(keys, options) : undefined)
    }
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
    return new MappedIterator(this.#inner.iterator(range), checkedEntry, error =>
      this.#damage(error, range.gte),
    )
  }

  keys(range: RangeOptions): StoreIterator<Uint8Array> {
    return new MappedIterator(
      this.#inner.keys(range),
      key => key,
      error => this.#damage(error, range.gte),
    )
  }

  values(range: RangeOptions): StoreIterator<Uint8Array> {
    const onError = (error: unknown): unknown => this.#damage(error, range.gte)
    if (isSelfDescribingRange(range)) {
      return new MappedIterator(
        this.#inner.values(range),
        value => withoutChecksum(undefined, value),
        onError,
      )
    }
    return new MappedIterator(
      this.#inner.iterator(range),
      ([key, value]) => (isChecked(key) ? withoutChecksum(key, value) : value),
      onError,
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

  /** Returns the first of some keys that cannot be read. */
  #unreadable(keys: readonly Uint8Array[], options?: StoreReadOptions): Uint8Array | undefined {
    return keys.find(key => {
      try {
        this.#inner.getSync(key, options)
        return false
      } catch {
        return true
      }
    })
  }

  /**
   * Counts a failure that is damage, and names what was read where LevelDB does not.
   *
   * @param key of the record, or of the first of a range
   */
  #damage(error: unknown, key: Uint8Array | undefined): unknown {
    const damage = isCorruption(error) ? new DamagedValueError(nameOf(key)) : error
    if (damage instanceof DamagedValueError) this.health?.noteDamage()
    return damage
  }
}

/** Returns whether LevelDB found that a block of a table, or a table, is not what it wrote. */
function isCorruption(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'LEVEL_CORRUPTION'
}

function nameOf(key: Uint8Array | undefined): string {
  return key === undefined ? 'A record of several' : describeKey(key)
}

function checked(key: Uint8Array, value: Uint8Array | undefined): Uint8Array | undefined {
  return value !== undefined && isChecked(key) ? withoutChecksum(key, value) : value
}

/** Nobody else has the entry: it is used again. */
function checkedEntry(entry: StoreEntry): StoreEntry {
  const [key] = entry
  if (isChecked(key)) entry[1] = withoutChecksum(key, entry[1])
  return entry
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
