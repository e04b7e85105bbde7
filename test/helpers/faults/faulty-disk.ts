import type { Store, StoreBatch, StoreWriteOptions } from '../../../server/storage/contract.ts'
import type { Disk, Evidence, LogState } from '../../../server/storage/durable/disk.ts'
import { LevelDisk } from '../../../server/storage/durable/level-disk.ts'
import { MARK } from '../../../server/storage/durable/mark.ts'

/** How a write fails: before anything reaches the store, or when all of it is there. */
export type WriteFault = 'before' | 'after'

/** A LevelDB in a directory whose writes, probes and openings fail when they are told to. */
export class FaultyDisk implements Disk {
  readonly place: string
  /** The next writes fail like this, one after the other. */
  readonly writeFaults: WriteFault[] = []
  /** So many probes and openings fail. */
  failingProbes = 0
  failingOpenings = 0
  /** Undoes the last batch when the store is opened the next time, as a log does whose end is cut off. */
  losesLastBatch = false
  message = 'IO error: 000003.log: Input/output error'
  openings = 0
  readonly #inner: LevelDisk

  constructor(directory: string) {
    this.place = directory
    this.#inner = new LevelDisk(directory)
  }

  async open(): Promise<Store> {
    if (this.failingOpenings-- > 0) throw new Error(this.message)
    this.openings += 1
    const store = await this.#inner.open()
    if (this.losesLastBatch) await store.del(MARK)
    return this.#faulty(store)
  }

  inspect(): Promise<LogState> {
    return this.#inner.inspect()
  }

  async probe(): Promise<void> {
    if (this.failingProbes-- > 0) throw new Error(this.message)
  }

  keepEvidence(): Promise<Evidence> {
    return this.#inner.keepEvidence()
  }

  copyTo(directory: string, mark: number): Promise<void> {
    return this.#inner.copyTo(directory, mark)
  }

  acknowledge(): void {}

  async endRun(): Promise<void> {}

  #faulty(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'batch') return () => new FaultyBatch(target.batch(), this)
        const member = Reflect.get(target, name) as unknown
        return typeof member === 'function' ? (member.bind(target) as unknown) : member
      },
    })
  }
}

class FaultyBatch implements StoreBatch {
  readonly #inner: StoreBatch
  readonly #disk: FaultyDisk

  constructor(inner: StoreBatch, disk: FaultyDisk) {
    this.#inner = inner
    this.#disk = disk
  }

  put(key: Uint8Array, value: Uint8Array): this {
    this.#inner.put(key, value)
    return this
  }

  del(key: Uint8Array): this {
    this.#inner.del(key)
    return this
  }

  async write(options: StoreWriteOptions = {}): Promise<void> {
    const fault = this.#disk.writeFaults.shift()
    if (fault !== 'before') await this.#inner.write(options)
    if (fault !== undefined) throw new Error(this.#disk.message)
  }
}
