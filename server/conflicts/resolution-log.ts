/** A resolution of a conflict by a policy, or the reason why there was none. */
export interface ResolutionRow {
  /** ISO 8601. */
  readonly time: string
  readonly id: string
  /** "_design/policy/0". */
  readonly policy: string
  readonly kind: string
  /** The leaves that were resolved, the winner first. */
  readonly leaves: readonly string[]
  /** The revision that is left; undefined where the policy failed. */
  readonly rev?: string
  readonly error?: string
}

/** The latest resolutions of a database, since the server's start. */
export class ResolutionLog {
  readonly #size: () => number
  readonly #rows: ResolutionRow[] = []

  constructor(size: () => number) {
    this.#size = size
  }

  add(row: ResolutionRow): void {
    this.#rows.push(row)
    const over = this.#rows.length - this.#size()
    if (over > 0) this.#rows.splice(0, over)
  }

  /** Returns the latest rows, the newest first. */
  latest(limit: number): ResolutionRow[] {
    return limit === 0 ? [] : this.#rows.slice(-limit).reverse()
  }
}
