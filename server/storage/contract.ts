import type { Recovery } from './durable/recovery.ts'
import type { StoreHealth } from './durable/store-health.ts'
import type { Encryption } from './encryption/encryption.ts'

/** A state of the store that reads can be bound to. */
export interface StoreSnapshot {
  close(): Promise<void>
}

export interface StoreReadOptions {
  readonly snapshot?: StoreSnapshot | undefined
}

/** Keys of a range: bytewise order, `reverse` for the other way round. */
export interface RangeOptions extends StoreReadOptions {
  readonly gt?: Uint8Array
  readonly gte?: Uint8Array
  readonly lt?: Uint8Array
  readonly lte?: Uint8Array
  readonly reverse?: boolean
  /** -1 for all. */
  readonly limit?: number
  /** Bytes that the store reads ahead. */
  readonly highWaterMarkBytes?: number
  /**
   * Returns true for values whose end the reader knows: they may have the bytes of their checksum, which was verified, behind
   * them. The views without them cost long lists as much as the checks do. Stores without checksums do not ask.
   */
  readonly mayKeepChecksum?: (value: Uint8Array) => boolean
}

export interface StoreWriteOptions {
  /**
   * On disk before it is done. Default, of a store on disk: true. An unsynced write at the end of a log is lost with the power
   * although later writes, in the next log, are kept: only what is written again from elsewhere may go without.
   */
  readonly sync?: boolean
}

/** Entries, keys or values of a range, as the store was when reading began. */
export interface StoreIterator<T> extends AsyncIterable<T> {
  /** The next ones, as many or fewer; none at the end. */
  nextv(size: number): Promise<T[]>
  /** All that are left; closes the iterator. */
  all(): Promise<T[]>
  /** Goes to the first entry from a key on, in the direction and range of an iterator that has a snapshot. */
  seek(key: Uint8Array): void
  /** Idempotent. */
  close(): Promise<void>
}

/** Puts and deletions in their order, that are seen and kept whole or not at all. */
export interface StoreBatch {
  put(key: Uint8Array, value: Uint8Array): this
  del(key: Uint8Array): this
  write(options?: StoreWriteOptions): Promise<void>
}

export type StoreEntry = [key: Uint8Array, value: Uint8Array]

/**
 * The ordered key-value map under all databases: all that Couchette asks of it. `abstract-level`'s stores with `view`
 * encodings are one as they are.
 */
export interface Store {
  get(key: Uint8Array, options?: StoreReadOptions): Promise<Uint8Array | undefined>
  getSync(key: Uint8Array, options?: StoreReadOptions): Uint8Array | undefined
  getMany(keys: Uint8Array[], options?: StoreReadOptions): Promise<(Uint8Array | undefined)[]>
  put(key: Uint8Array, value: Uint8Array, options?: StoreWriteOptions): Promise<void>
  del(key: Uint8Array, options?: StoreWriteOptions): Promise<void>
  batch(): StoreBatch
  iterator(range: RangeOptions): StoreIterator<StoreEntry>
  keys(range: RangeOptions): StoreIterator<Uint8Array>
  values(range: RangeOptions): StoreIterator<Uint8Array>
  clear(range: RangeOptions): Promise<void>
  snapshot(): StoreSnapshot
  /** Idempotent. */
  close(): Promise<void>
  /** Gives back the room of what was removed: of stores on disk. */
  readonly compactRange?: ((start: Uint8Array, end: Uint8Array) => Promise<void>) | undefined
  /** About how many bytes a range takes on disk: of stores on disk. */
  readonly approximateSize?: ((start: Uint8Array, end: Uint8Array) => Promise<number>) | undefined
  /** Copies the store, as it is between two writes, into a new directory: of stores on disk. */
  readonly copyTo?: ((directory: string) => Promise<void>) | undefined
  /** Encrypts the files of attachments; undefined for a store without a key. */
  readonly encryption?: Encryption | undefined
  /** State of a store on disk: whether it takes writes. */
  readonly health?: StoreHealth | undefined
  /** Findings of the check that opens a store on disk. */
  readonly recovery?: Recovery | undefined
}
