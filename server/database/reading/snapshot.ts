import type { DatabaseKeys } from '../../storage/keys.ts'
import type { StoreEntry, RangeOptions, Store, StoreIterator, StoreSnapshot } from '../../storage/store.ts'
import { decodeState, type DatabaseState } from '../state.ts'

export type SnapshotRange = Omit<RangeOptions, 'snapshot'>

/** A database as it was on disk at one moment: its state says which commits that moment holds. */
export class DatabaseSnapshot {
  readonly state: Readonly<DatabaseState>
  readonly #store: Store
  readonly #snapshot: StoreSnapshot

  constructor(store: Store, keys: DatabaseKeys) {
    this.#store = store
    this.#snapshot = store.snapshot()
    this.state = decodeState(store.getSync(keys.state, { snapshot: this.#snapshot }))
  }

  iterator(range: SnapshotRange): StoreIterator<StoreEntry> {
    return this.#store.iterator({ ...range, snapshot: this.#snapshot })
  }

  keys(range: SnapshotRange): StoreIterator<Uint8Array> {
    return this.#store.keys({ ...range, snapshot: this.#snapshot })
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#store.getMany([...keys], { snapshot: this.#snapshot })
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#snapshot.close()
  }
}
