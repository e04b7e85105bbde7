import { rows } from './lines.ts'

export interface ChangesRow {
  readonly id: string
  readonly changes: readonly { readonly rev: string }[]
  readonly deleted?: true
}

/** Follows a database's continuous feed from the beginning, and keeps each document's newest winner. */
export class FeedFollower {
  readonly winners = new Map<string, string>()
  rows = 0
  readonly #stop = new AbortController()
  readonly #done: Promise<void>

  constructor(url: string, database: string) {
    this.#done = this.#follow(url, `/${database}/_changes?feed=continuous&since=0&heartbeat=5000`)
    this.#done.catch(() => {}) // told by close()
  }

  /** Idempotent. Ends the feed; throws when it had broken before. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #follow(url: string, path: string): Promise<void> {
    for await (const { id, changes } of rows<ChangesRow>(url, path, this.#stop.signal)) {
      this.rows++
      this.winners.set(id, changes[0]?.rev ?? '')
    }
    if (!this.#stop.signal.aborted) throw new Error('the continuous feed ended by itself')
  }
}
