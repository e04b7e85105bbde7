import { setImmediate as nextTurn } from 'node:timers/promises'
import { fail } from '../../../protocol/errors.ts'
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
import type { Disk, StoreLog } from './disk.ts'
import { DurableBatch } from './durable-batch.ts'
import { DurableSnapshot, unwrapped } from './durable-snapshot.ts'
import { decodeMark, encodeMark, MARK } from './mark.ts'
import type { Recovery } from './recovery.ts'
import { Reopening, type ReopeningOptions } from './reopening.ts'
import { type IteratorHost, ResumingIterator } from './resuming-iterator.ts'
import { StoreHealth } from './store-health.ts'
import { isDiskFullError, refusalOf } from './write-failure.ts'

export interface DurableStoreOptions extends ReopeningOptions {
  /** Returns the findings of the check that opened the store. */
  readonly recovery?: () => Recovery
}

/** Longest wait of a read for a store that is being opened again. */
const READS_WAIT_MS = 10_000

/** Keys of a range that are deleted in one batch: other writes wait for no more than these. */
const DELETED_AT_A_TIME = 1000

/**
 * A store over another that acknowledges nothing after a failed write until the store below was closed, opened again, and
 * proven to hold all that was acknowledged: LevelDB appends behind a torn record, and loses what it appended. Writes go
 * down one at a time, so that none can have been acknowledged behind one that failed.
 */
export class DurableStore implements Store, IteratorHost {
  readonly health = new StoreHealth()
  readonly #recovery: (() => Recovery) | undefined
  readonly #disk: Disk
  readonly #reopening: Reopening
  readonly #readers = new Set<object>()
  #current: Store | undefined
  /** The last write, done or failed. */
  #last: Promise<unknown> = Promise.resolve()
  /** The mark of the last batch that was tried, and of the last that was acknowledged. */
  #mark: number
  #acknowledged: number
  #closing: Promise<void> | undefined

  static async open(disk: Disk, log: StoreLog, options: DurableStoreOptions = {}): Promise<DurableStore> {
    const store = await disk.open()
    return new DurableStore(disk, log, store, await readMark(store), options)
  }

  private constructor(disk: Disk, log: StoreLog, store: Store, mark: number, options: DurableStoreOptions) {
    this.#disk = disk
    this.#current = store
    this.#mark = this.#acknowledged = mark
    this.#recovery = options.recovery
    this.#reopening = new Reopening({ disk, log, host: this, options })
  }

  get current(): Store | undefined {
    return this.#current
  }

  get recovery(): Recovery | undefined {
    return this.#recovery?.()
  }

  /** The mark up to which everything was acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** The number of iterators and snapshots that are open. */
  get readers(): number {
    return this.#readers.size
  }

  async get(key: Uint8Array, options?: StoreReadOptions): Promise<Uint8Array | undefined> {
    return this.#read(store => store.get(key, unwrapped(options)), options)
  }

  getSync(key: Uint8Array, options?: StoreReadOptions): Uint8Array | undefined {
    return this.#open.getSync(key, unwrapped(options))
  }

  async getMany(keys: Uint8Array[], options?: StoreReadOptions): Promise<(Uint8Array | undefined)[]> {
    return this.#read(store => store.getMany(keys, unwrapped(options)), options)
  }

  put(key: Uint8Array, value: Uint8Array, options?: StoreWriteOptions): Promise<void> {
    return this.batch().put(key, value).write(options)
  }

  del(key: Uint8Array, options?: StoreWriteOptions): Promise<void> {
    return this.batch().del(key).write(options)
  }

  batch(): StoreBatch {
    const store = this.health.state === 'healthy' ? this.#current : undefined
    return new DurableBatch(
      store?.batch(),
      () => store === this.#current,
      (batch, options) => this.#write(batch, options),
    )
  }

  iterator(range: RangeOptions): StoreIterator<StoreEntry> {
    return new ResumingIterator(this, 'iterator', unwrapped(range), range.snapshot !== undefined)
  }

  keys(range: RangeOptions): StoreIterator<Uint8Array> {
    return new ResumingIterator(this, 'keys', unwrapped(range), range.snapshot !== undefined)
  }

  values(range: RangeOptions): StoreIterator<Uint8Array> {
    return new ResumingIterator(this, 'values', unwrapped(range), range.snapshot !== undefined)
  }

  async clear(range: RangeOptions): Promise<void> {
    const keys = this.keys(range)
    try {
      for (;;) {
        const found = await keys.nextv(DELETED_AT_A_TIME)
        if (found.length === 0) return
        const batch = this.batch()
        for (const key of found) batch.del(key)
        await batch.write()
      }
    } finally {
      await keys.close()
    }
  }

  snapshot(): StoreSnapshot {
    return new DurableSnapshot(this.#open.snapshot(), this)
  }

  async compactRange(start: Uint8Array, end: Uint8Array): Promise<void> {
    await this.#current?.compactRange?.(start, end)
  }

  async approximateSize(start: Uint8Array, end: Uint8Array): Promise<number> {
    return this.#read(async store => (await store.approximateSize?.(start, end)) ?? 0)
  }

  /** Copies the store in the turn of a write: other writes wait. @throws where it takes no writes */
  copyTo(directory: string): Promise<void> {
    const copied = this.#last.then(async () => {
      if (this.health.state !== 'healthy') throw refusalOf(this.health)
      await this.#disk.copyTo(directory, this.#acknowledged)
    })
    this.#last = copied.catch(() => undefined)
    return copied
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close(true))
  }

  async whenOpen(): Promise<Store> {
    if (this.#current === undefined) await this.health.whenReadable(READS_WAIT_MS)
    return this.#open
  }

  isSwap(error: unknown): boolean {
    return this.#closing === undefined && this.isClosedError(error)
  }

  isClosedError(error: unknown): boolean {
    return error instanceof Error && 'code' in error && CLOSED.test(String(error.code))
  }

  broken(): Error {
    return fail('storeReopening')
  }

  opened(reader: object): void {
    this.#readers.add(reader)
  }

  closed(reader: object): void {
    this.#readers.delete(reader)
  }

  /** Closes the store below, once no write is under way. */
  async closeCurrent(): Promise<void> {
    await this.#last
    const store = this.#current
    this.#current = undefined
    await store?.close()
  }

  /** Goes on with a store that was opened. @returns its mark */
  async use(store: Store): Promise<number> {
    const mark = await readMark(store)
    this.#current = store
    if (mark >= this.#acknowledged) this.#mark = this.#acknowledged = mark
    return mark
  }

  get #open(): Store {
    if (this.#current === undefined) throw fail('storeReopening')
    return this.#current
  }

  /** Reads, once more where the store was closed to be opened again meanwhile. */
  async #read<T>(read: (store: Store) => Promise<T>, options?: StoreReadOptions): Promise<T> {
    for (;;) {
      const store = this.#current ?? (await this.whenOpen())
      try {
        return await read(store)
      } catch (error) {
        if (!this.isSwap(error)) throw this.isClosedError(error) ? this.broken() : error
        if (options?.snapshot !== undefined) throw this.broken()
        // The store says it is closed a moment before it is known here.
        if (store === this.#current) await nextTurn()
      }
    }
  }

  #write(batch: StoreBatch | undefined, { sync = true }: StoreWriteOptions): Promise<void> {
    const written = this.#last.then(async () => {
      if (this.#closing === undefined && (batch === undefined || this.health.state !== 'healthy'))
        throw refusalOf(this.health)
      await this.#writeNow(batch as StoreBatch, sync)
    })
    this.#last = written.catch(() => undefined)
    return written
  }

  async #writeNow(batch: StoreBatch, sync: boolean): Promise<void> {
    const mark = this.#mark + 1
    try {
      if (sync) batch.put(MARK, encodeMark((this.#mark = mark)))
      await batch.write({ sync })
    } catch (error) {
      if (this.#closing !== undefined) throw error
      this.#reopening.begin(error, isDiskFullError(error))
      throw refusalOf(this.health)
    }
    if (sync) this.#disk.acknowledge((this.#acknowledged = mark))
  }

  /** Closes the store without a note that it was closed in order. */
  abandon(): Promise<void> {
    return (this.#closing ??= this.#close(false))
  }

  async #close(inOrder: boolean): Promise<void> {
    await this.#reopening.close()
    this.health.close()
    await this.#last
    const isWhole = inOrder && this.health.state === 'healthy'
    await this.#current?.close()
    await this.#disk.endRun(isWhole ? this.#acknowledged : undefined)
  }
}

const CLOSED = /^LEVEL_(DATABASE|ITERATOR|SNAPSHOT|BATCH)_NOT_OPEN$/

/** Reads the mark of a store that was just opened; one where it cannot be read is closed, as nobody else would. */
async function readMark(store: Store): Promise<number> {
  try {
    return decodeMark(await store.get(MARK))
  } catch (error) {
    await store.close()
    throw error
  }
}
