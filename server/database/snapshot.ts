import type { AbstractIterator } from 'abstract-level'
import type { DatabaseKeys } from '../storage/keys.ts'
import type { Store } from '../storage/store.ts'
import { decodeState, type DatabaseState } from './state.ts'

type Iterator = AbstractIterator<Store, Uint8Array, Uint8Array>

export interface SnapshotRange {
  readonly gte: Uint8Array
  readonly lt?: Uint8Array
  readonly lte?: Uint8Array
  readonly reverse?: boolean
  readonly limit?: number
  readonly highWaterMarkBytes?: number
}

/** A database as it was on disk at one moment: its state says which commits that moment holds. */
export class DatabaseSnapshot {
  readonly state: Readonly<DatabaseState>
  readonly #store: Store
  readonly #snapshot: ReturnType<Store['snapshot']>

  constructor(store: Store, keys: DatabaseKeys) {
    this.#store = store
    this.#snapshot = store.snapshot()
    this.state = decodeState(store.getSync(keys.state, { snapshot: this.#snapshot }))
  }

  iterator(range: SnapshotRange): Iterator {
    return this.#store.iterator({ ...range, snapshot: this.#snapshot })
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#store.getMany([...keys], { snapshot: this.#snapshot })
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#snapshot.close()
  }
}
