import { fail } from '../../protocol/errors.ts'
import { CheckedStore } from './checksums/checked-store.ts'
import type {
  RangeOptions,
  Store,
  StoreBatch,
  StoreEntry,
  StoreIterator,
  StoreReadOptions,
  StoreSnapshot,
} from './contract.ts'
import { LEVEL_OPTIONS } from './durable/level-disk.ts'
import { LostRanges } from './durable/lost-ranges.ts'
import { Encryption } from './encryption/encryption.ts'
import { SealedStore } from './encryption/sealed-store.ts'
import { StoreLevel } from './store-level.ts'

const ENCODINGS = { keyEncoding: 'view', valueEncoding: 'view' } as const

/**
 * The store of this process as another thread reads it: what is on disk, at once, and nothing is written. The thread that
 * writes has it closed before it opens the store again, see `StoreHealth#onClosing`.
 */
export class FollowedStore implements Store {
  readonly #directory: string
  readonly #dataKey: Uint8Array | undefined
  /** Keys that damaged tables have, as the thread that writes tells. */
  readonly lost = new LostRanges()
  #level: StoreLevel | undefined
  #current: Store | undefined

  /** @param dataKey of an encrypted store */
  constructor(directory: string, dataKey: Uint8Array | undefined) {
    this.#directory = directory
    this.#dataKey = dataKey
  }

  get isOpen(): boolean {
    return this.#current !== undefined
  }

  /** Idempotent. */
  async open(): Promise<void> {
    if (this.#level !== undefined) return
    const level = new StoreLevel(this.#directory, {
      ...ENCODINGS,
      ...LEVEL_OPTIONS,
      createIfMissing: false,
      multithreading: true,
    })
    await level.open()
    this.#level = level
    const checked = new CheckedStore(level, this.lost)
    this.#current =
      this.#dataKey === undefined ? checked : new SealedStore(checked, new Encryption(this.#dataKey))
  }

  get(key: Uint8Array, options?: StoreReadOptions): Promise<Uint8Array | undefined> {
    return this.#open.get(key, options)
  }

  getSync(key: Uint8Array, options?: StoreReadOptions): Uint8Array | undefined {
    return this.#open.getSync(key, options)
  }

  getMany(keys: Uint8Array[], options?: StoreReadOptions): Promise<(Uint8Array | undefined)[]> {
    return this.#open.getMany(keys, options)
  }

  put(): Promise<void> {
    return Promise.reject(readOnly())
  }

  del(): Promise<void> {
    return Promise.reject(readOnly())
  }

  batch(): StoreBatch {
    throw readOnly()
  }

  iterator(range: RangeOptions): StoreIterator<StoreEntry> {
    return this.#open.iterator(range)
  }

  keys(range: RangeOptions): StoreIterator<Uint8Array> {
    return this.#open.keys(range)
  }

  values(range: RangeOptions): StoreIterator<Uint8Array> {
    return this.#open.values(range)
  }

  clear(): Promise<void> {
    return Promise.reject(readOnly())
  }

  snapshot(): StoreSnapshot {
    return this.#open.snapshot()
  }

  async close(): Promise<void> {
    const level = this.#level
    this.#level = this.#current = undefined
    await level?.close()
  }

  get #open(): Store {
    if (this.#current === undefined) throw fail('storeReopening')
    return this.#current
  }
}

function readOnly(): Error {
  return new Error('only the store thread writes')
}
