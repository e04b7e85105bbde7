import type { Journal } from './rank-journal.ts'
import type { RankedCommit } from './ranked-space.ts'

/** Commits that are applied and not in the tree on disk, and the sequences of their records in the journal. */
export class PendingCommits {
  #commits: RankedCommit[] = []
  /** The list as it was handed out, which the reader keeps; undefined where it has changed since. */
  #handedOut: readonly RankedCommit[] | undefined
  #records: number[] = []
  #changes = 0

  /** Returns the commits of this moment, in a list that never changes. */
  get commits(): readonly RankedCommit[] {
    return (this.#handedOut ??= [...this.#commits])
  }

  /** Documents that they changed or removed. */
  get changes(): number {
    return this.#changes
  }

  push(commit: RankedCommit): void {
    this.#commits.push(commit)
    this.#handedOut = undefined
    this.#records.push(commit.seq)
    this.#changes += changesIn(commit)
  }

  /** Puts what a journal told in front. */
  unshift({ commit, records }: Journal): void {
    if (records.length === 0) return
    this.#commits = [commit, ...this.#commits]
    this.#handedOut = undefined
    this.#records = [...records, ...this.#records]
    this.#changes += changesIn(commit)
  }

  /** Sequences of records up to one. */
  recordsUpTo(seq: number): number[] {
    return this.#records.filter(at => at <= seq)
  }

  /** Drops what the tree has. */
  forget(seq: number): void {
    this.#commits = this.#commits.filter(commit => commit.seq > seq)
    this.#handedOut = undefined
    this.#records = this.#records.filter(at => at > seq)
    this.#changes = this.#commits.reduce((sum, commit) => sum + changesIn(commit), 0)
  }

  clear(): void {
    this.#commits = []
    this.#handedOut = undefined
    this.#records = []
    this.#changes = 0
  }
}

function changesIn({ changes, removals }: RankedCommit): number {
  return changes.length + removals.length
}
