import type { RangeOptions, Store, StoreEntry, StoreIterator, StoreReadOptions } from '../contract.ts'
import type { LostRanges } from '../durable/lost-ranges.ts'
import { ForwardingStore } from '../forwarding-store.ts'
import { DamagedValueError } from '../encryption/damaged.ts'
import { CheckedIterator } from './checked-iterator.ts'
import { describeKey, isChecked, isSelfDescribingRange } from './checked-keys.ts'
import { isUnreadableTable } from '../unavailable.ts'
import { cutChecksum, verifyChecksum, withChecksum, withoutChecksum } from './checksum.ts'

/**
 * A store over another, in which every value has a checksum that is verified whenever it is read: LevelDB has checksums in
 * its tables, and does not look at them.
 */
export class CheckedStore extends ForwardingStore {
  readonly #lost: LostRanges | undefined

  /** @param lost keys that damaged tables have. Default: as the store below knows them */
  constructor(inner: Store, lost: LostRanges | undefined = inner.health?.lost) {
    super(inner)
    this.#lost = lost
  }

  override async get(key: Uint8Array, options?: StoreReadOptions): Promise<Uint8Array | undefined> {
    try {
      this.#refuseLost(key)
      return checked(key, await this.inner.get(key, options))
    } catch (error) {
      throw this.#damage(error, key)
    }
  }

  override getSync(key: Uint8Array, options?: StoreReadOptions): Uint8Array | undefined {
    try {
      this.#refuseLost(key)
      return checked(key, this.inner.getSync(key, options))
    } catch (error) {
      throw this.#damage(error, key)
    }
  }

  override async getMany(
    keys: Uint8Array[],
    options?: StoreReadOptions,
  ): Promise<(Uint8Array | undefined)[]> {
    try {
      for (const key of keys) this.#refuseLost(key)
      const values = await this.inner.getMany(keys, options)
      return values.map((value, index) => checked(keys[index] as Uint8Array, value))
    } catch (error) {
      throw this.#damage(error, isUnreadableTable(error) ? this.#unreadable(keys, options) : undefined)
    }
  }

  protected override encoded(key: Uint8Array, value: Uint8Array): Uint8Array {
    return isChecked(key) ? withChecksum(key, value) : value
  }

  override iterator(range: RangeOptions): StoreIterator<StoreEntry> {
    return this.#read('iterator', range, list => checkedEntries(list, range.mayKeepChecksum))
  }

  override keys(range: RangeOptions): StoreIterator<Uint8Array> {
    return this.#read('keys', range, keys => keys)
  }

  override values(range: RangeOptions): StoreIterator<Uint8Array> {
    const { mayKeepChecksum } = range
    if (isSelfDescribingRange(range))
      return this.#read('values', range, list => checkedValues(list, mayKeepChecksum))
    return this.#read('iterator', range, list => checkedEntries(list, mayKeepChecksum).map(valueOf))
  }

  #read<K extends keyof IteratorKinds, To>(
    kind: K,
    range: RangeOptions,
    map: (found: IteratorKinds[K][]) => To[],
  ): StoreIterator<To> {
    const open = (inner: RangeOptions) => this.inner[kind](inner) as StoreIterator<IteratorKinds[K]>
    const refusal = this.#lost?.meet(range) === true ? new DamagedValueError(nameOf(range.gte)) : undefined
    return new CheckedIterator(open, range, {
      map,
      refusal,
      errorOf: error => this.#damage(error, range.gte),
    })
  }

  /** @throws DamagedValueError where a table is damaged that may have the record, or a newer one than LevelDB finds */
  #refuseLost(key: Uint8Array): void {
    if (this.#lost?.has(key) === true) throw new DamagedValueError(describeKey(key))
  }

  /** Returns the first of some keys that cannot be read. */
  #unreadable(keys: readonly Uint8Array[], options?: StoreReadOptions): Uint8Array | undefined {
    return keys.find(key => {
      try {
        this.inner.getSync(key, options)
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
    const damage = isUnreadableTable(error) ? new DamagedValueError(nameOf(key)) : error
    if (damage instanceof DamagedValueError) this.health?.noteDamage()
    return damage
  }
}

/** Kinds of iterators by what they give. */
interface IteratorKinds {
  readonly iterator: StoreEntry
  readonly keys: Uint8Array
  readonly values: Uint8Array
}

function nameOf(key: Uint8Array | undefined): string {
  return key === undefined ? 'A record of several' : describeKey(key)
}

function checked(key: Uint8Array, value: Uint8Array | undefined): Uint8Array | undefined {
  return value !== undefined && isChecked(key) ? withoutChecksum(key, value) : value
}

function valueOf([, value]: StoreEntry): Uint8Array {
  return value
}

// Nobody else has the lists: they are used again.

function checkedEntries(
  entries: StoreEntry[],
  mayKeepChecksum: RangeOptions['mayKeepChecksum'],
): StoreEntry[] {
  for (const entry of entries) {
    const [key, value] = entry
    if (!isChecked(key)) continue
    verifyChecksum(key, value)
    if (mayKeepChecksum?.(value) !== true) entry[1] = cutChecksum(value)
  }
  return entries
}

function checkedValues(values: Uint8Array[], mayKeepChecksum: RangeOptions['mayKeepChecksum']): Uint8Array[] {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!
    verifyChecksum(undefined, value)
    if (mayKeepChecksum?.(value) !== true) values[index] = cutChecksum(value)
  }
  return values
}
