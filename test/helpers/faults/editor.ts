import { setTimeout as sleep } from 'node:timers/promises'
import { call } from '../http.ts'
import { add } from './sample.ts'

const SHARED_IDS = 20
const PAUSE_MS = 10

type Random = () => number

/**
 * Writes to a database of one node, and goes on when the node is away: new documents of all kinds, and edits and
 * deletions of documents that others edit elsewhere, so that there are conflicts.
 */
export class Editor {
  /** The revisions that the node said are stored: ids → revisions. */
  readonly acknowledged = new Map<string, string[]>()
  readonly #url: string
  readonly #database: string
  readonly #name: string
  readonly #random: Random
  #running: Promise<void> | undefined
  #stopped = false

  constructor(url: string, database: string, { name, random }: { name: string; random: Random }) {
    this.#url = url
    this.#database = database
    this.#name = name
    this.#random = random
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    for (let at = 0; !this.#stopped; at++) {
      await (at % 10 === 0 ? this.#addSome(at) : this.#editOne()).catch(() => undefined)
      await sleep(PAUSE_MS)
    }
  }

  #addSome(at: number): Promise<void> {
    const part = { prefix: `${this.#name}-${at}`, documents: 20, random: this.#random }
    return add(this.#url, this.#database, part)
  }

  async #editOne(): Promise<void> {
    const id = `shared-${Math.floor(this.#random() * SHARED_IDS)}`
    const path = `/${this.#database}/${id}`
    const { status, body: current } = await call(this.#url, 'GET', path)
    const rev = status === 200 ? { _rev: current._rev } : {}
    const gone = status === 200 && this.#random() < 0.1 ? { _deleted: true } : {}
    const json = { ...rev, ...gone, by: this.#name, value: this.#random() }
    const { status: written, body } = await call(this.#url, 'PUT', path, { json })
    if (written >= 300) return
    this.acknowledged.set(id, [...(this.acknowledged.get(id) ?? []), String(body.rev)])
  }
}
