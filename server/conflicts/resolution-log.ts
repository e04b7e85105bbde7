import {
  countResolutions,
  latestResolutions,
  type ResolutionRow,
} from '../database/conflicts/resolution-log.ts'
import type { Database } from '../database/database.ts'

/** Rows that may be stored beyond the limit before the oldest are removed. */
const SLACK = 100
/** Rows that are removed in one commit. */
const REMOVED_AT_A_TIME = 1000

/**
 * The latest resolutions of a database, which its store keeps over restarts. Rows of resolutions are written with their commits;
 * this adds failures, and removes the oldest rows.
 */
export class ResolutionLog {
  readonly #database: Database
  readonly #size: () => number
  readonly #onError: (error: unknown) => void
  readonly #failed: ResolutionRow[] = []
  /** Failures that the log has already: a restart tries them again. Undefined before the first failure. */
  #known: Set<string> | undefined
  /** The start counts the rows that are there. */
  #written = SLACK
  #flushing: Promise<void> = Promise.resolve()

  /** @param size rows that are kept */
  constructor(database: Database, size: () => number, onError: (error: unknown) => void) {
    this.#database = database
    this.#size = size
    this.#onError = onError
  }

  /** False where no row is to be written. */
  get isKept(): boolean {
    return this.#size() > 0
  }

  /** Notes that a commit has written a row. Once in a while the oldest rows are removed behind it. */
  written(): void {
    this.#written++
    if (this.#written >= SLACK) this.flush().catch(this.#onError)
  }

  /** Adds a failure, which {@link flush} writes. */
  addFailure(row: ResolutionRow): void {
    if (this.isKept && this.#failed.length < this.#size()) this.#failed.push(row)
  }

  /** Writes the failures that were added, each once, and removes the rows beyond the limit. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(
      () => this.#flush(),
      () => this.#flush(),
    )
    return this.#flushing
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#flushing.catch(() => undefined)
  }

  async #flush(): Promise<void> {
    const rows = await this.#newFailures()
    if (rows.length > 0) await this.#write(rows, 0)
    this.#written += rows.length
    if (this.#written < SLACK) return
    this.#written = 0
    const size = this.#size()
    for (let over = (await countResolutions(this.#database)) - size; over > 0; over -= REMOVED_AT_A_TIME)
      await this.#write([], Math.min(over, REMOVED_AT_A_TIME))
  }

  /** Yields the latest rows, the newest first, some at a time. */
  latest(limit: number): AsyncGenerator<readonly ResolutionRow[], void, undefined> {
    return latestResolutions(this.#database, Math.min(limit, this.#size()))
  }

  async #newFailures(): Promise<readonly ResolutionRow[]> {
    if (this.#failed.length === 0) return []
    const rows = this.#failed.splice(0)
    if (this.#known === undefined || this.#known.size > 2 * this.#size()) this.#known = await this.#read()
    const known = this.#known
    return rows.filter(row => {
      const failure = failureOf(row)
      return !known.has(failure) && known.add(failure)
    })
  }

  async #read(): Promise<Set<string>> {
    const known = new Set<string>()
    for await (const rows of this.latest(Infinity))
      for (const row of rows) if (row.error !== undefined) known.add(failureOf(row))
    return known
  }

  async #write(rows: readonly ResolutionRow[], removed: number): Promise<void> {
    await this.#database.write({ kind: 'log_resolutions', rows, removed })
  }
}

function failureOf({ id, policy, leaves, error }: ResolutionRow): string {
  return JSON.stringify([id, policy, leaves, error])
}
