import type { Commit } from './commit.ts'
import type { WriteRequest } from './writer.ts'

/** Sets a limit of the database. `_revs_limit` raises the update sequence, as in CouchDB. */
export class LimitChange implements WriteRequest<void> {
  readonly ids = []
  readonly bytes = 0
  readonly #name: 'revsLimit' | 'purgedInfosLimit'
  readonly #limit: number

  constructor(name: 'revsLimit' | 'purgedInfosLimit', limit: number) {
    this.#name = name
    this.#limit = limit
  }

  apply(commit: Commit): void {
    commit.state[this.#name] = this.#limit
    if (this.#name === 'revsLimit') commit.state.seq += 1
    commit.putState()
  }
}
