import type { DatabaseKeys } from '../../storage/keys.ts'
import type { Store } from '../../storage/store.ts'
import { DatabaseSnapshot } from '../reading/snapshot.ts'
import type { RankedCommit } from './ranked-space.ts'
import type { Moment } from './ranks-at-moment.ts'

/** Attempts at a snapshot of the moment up to which changes were counted; commits that hurry past cost one each. */
const ATTEMPTS = 20

/** Makes snapshots that hold no commit that is not counted yet. */
export class Moments {
  readonly #store: Store
  readonly #keys: DatabaseKeys
  readonly #onApply: (() => void)[] = []
  #seq: number

  constructor(store: Store, keys: DatabaseKeys, seq: number) {
    this.#store = store
    this.#keys = keys
    this.#seq = seq
  }

  /** Notes that commits up to a sequence were applied; Infinity where nobody may wait for others. */
  reach(seq: number): void {
    this.#seq = seq
    for (const resume of this.#onApply.splice(0)) resume()
  }

  /**
   * Returns a snapshot of a moment up to which commits were applied, which is the caller's to close.
   *
   * @param pending gives those that are not in the store's tree
   */
  async now(pending: () => readonly RankedCommit[]): Promise<Moment> {
    for (let attempt = 1; ; attempt++) {
      const snapshot = new DatabaseSnapshot(this.#store, this.#keys)
      const moment = { snapshot, pending: pending() }
      const { seq } = snapshot.state
      if (seq <= this.#seq || attempt === ATTEMPTS) return moment
      await snapshot.close()
      // The commit is on disk: that it is applied is a matter of turns of the event loop, of which closing took some.
      if (this.#seq < seq) await new Promise<void>(resolve => this.#onApply.push(resolve))
    }
  }
}
