import type { Store, StoreBatch } from './store.ts'
import { forEachWrite, type WriteSet } from './write-set.ts'

/** A batch that is filled while the one before it syncs. */
interface Pending {
  readonly batch: StoreBatch
  readonly written: Promise<void>
}

/**
 * One log and one sync for all databases: what their writers have ready while a batch syncs goes into the next one
 * together, so that a thousand databases that change at once do not need a thousand syncs.
 */
export class GroupSync {
  readonly #store: Store
  #last: Promise<void> = Promise.resolve()
  #pending: Pending | undefined

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * Writes sets atomically, in their order; resolves when they are on disk.
   *
   * @throws what the store throws, to everybody whose writes were in the batch
   */
  async write(...sets: readonly WriteSet[]): Promise<void> {
    const { batch, written } = (this.#pending ??= this.#begin())
    for (const writes of sets) {
      forEachWrite(writes, (key, value) => {
        if (value === undefined) batch.del(key)
        else batch.put(key, value)
      })
    }
    return written
  }

  #begin(): Pending {
    const batch = this.#store.batch()
    const written = this.#last.then(() => {
      this.#pending = undefined
      return batch.write({ sync: true })
    })
    this.#last = written.catch(() => undefined)
    return { batch, written }
  }
}
