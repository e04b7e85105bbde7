import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../../harness/client.ts'

const PAUSE_MS = 5

/** Writes new documents to a node, one after the other, until it is closed. */
export class Writer {
  written = 0
  readonly #stop = new AbortController()
  readonly #done: Promise<void>

  constructor(client: Client, database: string, name: string) {
    this.#done = this.#write(client, database, name)
    this.#done.catch(() => {}) // told by close()
  }

  /** Idempotent. Ends after the write that is under way; throws when one had failed. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #write(client: Client, database: string, name: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const id = `note-${name}-${String(this.written).padStart(6, '0')}`
      const note = { node: name, number: this.written, written: new Date().toISOString() }
      await client.json('PUT', `/${database}/${id}`, 201, JSON.stringify(note))
      this.written++
      await sleep(PAUSE_MS)
    }
  }
}
