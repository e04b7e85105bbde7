import type { Store, StoreBatch } from './store.ts'
import { forEachWrite, type WriteSet } from './write-set.ts'

/** A batch that is filled while the one before it syncs. */
interface Pending<Value> {
  readonly batch: StoreBatch
  readonly values: Value[]
  readonly written: Promise<void>
}

/** Has other nodes take values, then writes the batch. @throws where nothing was written */
export type Replicate<Value> = (values: readonly Value[], batch: StoreBatch) => Promise<void>

/**
 * One log and one sync for all databases: what their writers have ready while a batch syncs goes into the next one
 * together, so that a thousand databases that change at once do not need a thousand syncs.
 */
export class GroupSync<Value = never> {
  readonly #store: Store
  readonly #replicate: Replicate<Value> | undefined
  #last: Promise<void> = Promise.resolve()
  #pending: Pending<Value> | undefined

  /** @param replicate writes each batch, where other nodes are to have it first. Default: it is written with a sync */
  constructor(store: Store, replicate?: Replicate<Value>) {
    this.#store = store
    this.#replicate = replicate
  }

  /**
   * Writes sets atomically, in their order; resolves when they are on disk.
   *
   * @throws what the store throws, to everybody whose writes were in the batch
   */
  async write(...sets: readonly WriteSet[]): Promise<void> {
    return this.#add(this.#takePending(), sets)
  }

  /** Writes sets as {@link write} does; other nodes are given the value that stands for them. */
  async commit(value: Value, ...sets: readonly WriteSet[]): Promise<void> {
    const pending = this.#takePending()
    if (this.#replicate !== undefined) pending.values.push(value)
    return this.#add(pending, sets)
  }

  #takePending(): Pending<Value> {
    return (this.#pending ??= this.#begin())
  }

  #add({ batch, written }: Pending<Value>, sets: readonly WriteSet[]): Promise<void> {
    for (const writes of sets) {
      forEachWrite(writes, (key, value) => {
        if (value === undefined) batch.del(key)
        else batch.put(key, value)
      })
    }
    return written
  }

  #begin(): Pending<Value> {
    const batch = this.#store.batch()
    const values: Value[] = []
    const written = this.#last.then(() => {
      this.#pending = undefined
      if (this.#replicate !== undefined && values.length > 0) return this.#replicate(values, batch)
      return batch.write({ sync: true })
    })
    this.#last = written.catch(() => undefined)
    return { batch, values, written }
  }
}
