import type { RangeOptions, StoreEntry, StoreIterator, StoreReadOptions } from '../contract.ts'
import { ForwardingStore } from '../forwarding-store.ts'
import { MappedIterator } from '../mapped-iterator.ts'
import { DamagedValueError } from '../encryption/damaged.ts'
import { describeKey, isChecked, isSelfDescribingRange } from './checked-keys.ts'
import { verifyChecksum, withChecksum, withoutChecksum } from './checksum.ts'

/**
 * A store over another, in which every value has a checksum that is verified whenever it is read: LevelDB has checksums in
 * its tables, and does not look at them.
 */
export class CheckedStore extends ForwardingStore {
  override async get(key: Uint8Array, options?: StoreReadOptions): Promise<Uint8Array | undefined> {
    try {
      return checked(key, await this.inner.get(key, options))
    } catch (error) {
      throw this.#damage(error, key)
    }
  }

  override getSync(key: Uint8Array, options?: StoreReadOptions): Uint8Array | undefined {
    try {
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
      const values = await this.inner.getMany(keys, options)
      return values.map((value, index) => checked(keys[index] as Uint8Array, value))
    } catch (error) {
      throw this.#damage(error, isCorruption(error) ? this.#unreadable(keys, options) : undefined)
    }
  }

  protected override encoded(key: Uint8Array, value: Uint8Array): Uint8Array {
    return isChecked(key) ? withChecksum(key, value) : value
  }

  override iterator(range: RangeOptions): StoreIterator<StoreEntry> {
    const check = range.keepChecksums === true ? verifiedEntries : checkedEntries
    return new MappedIterator(this.inner.iterator(range), check, error => this.#damage(error, range.gte))
  }

  override keys(range: RangeOptions): StoreIterator<Uint8Array> {
    return new MappedIterator(
      this.inner.keys(range),
      keys => keys,
      error => this.#damage(error, range.gte),
    )
  }

  override values(range: RangeOptions): StoreIterator<Uint8Array> {
    const onError = (error: unknown): unknown => this.#damage(error, range.gte)
    if (!isSelfDescribingRange(range)) {
      const entries = range.keepChecksums === true ? verifiedEntries : checkedEntries
      return new MappedIterator(this.inner.iterator(range), list => entries(list).map(valueOf), onError)
    }
    const check = range.keepChecksums === true ? verifiedValues : checkedValues
    return new MappedIterator(this.inner.values(range), check, onError)
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

function valueOf([, value]: StoreEntry): Uint8Array {
  return value
}

// Nobody else has the lists: they are used again.

function checkedEntries(entries: StoreEntry[]): StoreEntry[] {
  for (const entry of entries) {
    const [key, value] = entry
    if (isChecked(key)) entry[1] = withoutChecksum(key, value)
  }
  return entries
}

function verifiedEntries(entries: StoreEntry[]): StoreEntry[] {
  for (const [key, value] of entries) if (isChecked(key)) verifyChecksum(key, value)
  return entries
}

function checkedValues(values: Uint8Array[]): Uint8Array[] {
  for (let index = 0; index < values.length; index++)
    values[index] = withoutChecksum(undefined, values[index]!)
  return values
}

function verifiedValues(values: Uint8Array[]): Uint8Array[] {
  for (const value of values) verifyChecksum(undefined, value)
  return values
}
