import type { DatabaseName } from '../../protocol/database-name.ts'
import type { DocId } from '../../protocol/document-id.ts'

/** A document whose revision tree makes each of its reads and writes slow. */
export interface LargeTree {
  readonly database: DatabaseName
  readonly id: DocId
  /** Deleted ones count. */
  readonly leaves: number
  readonly revisions: number
}

export interface TreeLimits {
  /** Leaves from which on a tree is large; 0 for no limit. Read for each document that is written. */
  readonly leaves: () => number
  /** Revisions from which on a tree is large; 0 for no limit. */
  readonly revisions: () => number
}

/** Documents that are kept: of more only the number is known. */
const MOST_KEPT = 1000

/**
 * The documents with large revision trees that were written since the start. One that is written smaller, or purged, is one no
 * longer.
 */
export class LargeTrees {
  readonly #limits: TreeLimits
  readonly #report: (tree: LargeTree) => void
  readonly #found = new Map<string, LargeTree>()
  /** Size at which a document is reported again, by its key. */
  readonly #reportAt = new Map<string, number>()

  /** @param report called when a tree becomes large, and each time that it has doubled */
  constructor(limits: TreeLimits, report: (tree: LargeTree) => void) {
    this.#limits = limits
    this.#report = report
  }

  /** The largest first. */
  get list(): LargeTree[] {
    return [...this.#found.values()].sort((a, b) => b.revisions - a.revisions)
  }

  /** Takes notice of a tree that is written. */
  written(database: DatabaseName, id: DocId, leaves: number, revisions: number): void {
    const isLarge = exceeds(leaves, this.#limits.leaves()) || exceeds(revisions, this.#limits.revisions())
    if (!isLarge && this.#found.size === 0) return
    const key = `${database}/${id}`
    if (!isLarge) this.#forget(key)
    else if (this.#found.has(key) || this.#found.size < MOST_KEPT) {
      const tree = { database, id, leaves, revisions }
      this.#found.set(key, tree)
      if (revisions < (this.#reportAt.get(key) ?? 0)) return
      this.#reportAt.set(key, 2 * revisions)
      this.#report(tree)
    }
  }

  /** Takes notice of a document that is gone. */
  removed(database: DatabaseName, id: DocId): void {
    if (this.#found.size > 0) this.#forget(`${database}/${id}`)
  }

  /** Takes notice of a database that is deleted. */
  dropped(database: DatabaseName): void {
    for (const [key, tree] of this.#found) if (tree.database === database) this.#forget(key)
  }

  #forget(key: string): void {
    this.#found.delete(key)
    this.#reportAt.delete(key)
  }
}

function exceeds(count: number, limit: number): boolean {
  return limit > 0 && count >= limit
}
