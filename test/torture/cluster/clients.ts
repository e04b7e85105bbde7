import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, call } from '../../helpers/http.ts'
import { below, pick, type Random } from '../random.ts'
import type { History } from './history.ts'

export const DATABASE = 'torture'

/** Documents of each writer that are edited again and again. */
const EDITED = 8
const ATTACHMENT_BYTES = 60_000
const PAUSE_MS = 20
/** A request that nothing answers within this time is a fault of its own: every wait of a node has an end. */
const MOST_MS = 30_000
const LONGPOLL_MS = 2000

interface Written {
  readonly rev?: string
}

interface Row {
  readonly seq: string
  readonly id: string
  readonly deleted?: true
  readonly changes: readonly { readonly rev: string }[]
}

interface Feed {
  readonly results: readonly Row[]
  readonly last_seq: string
}

/** Clients that ask another node with each request, and tell a history what they saw. */
export class Clients {
  readonly #urls: readonly string[]
  readonly #history: History
  readonly #random: Random
  #isOver = false

  constructor(urls: readonly string[], history: History, random: Random) {
    this.#urls = urls
    this.#history = history
    this.#random = random
  }

  end(): void {
    this.#isOver = true
  }

  /** Writes documents of its own until the end: new ones, and edits of a few. Reads what it wrote at another node. */
  async write(name: string): Promise<void> {
    const revs = new Map<string, string>()
    for (let n = 0; !this.#isOver; n++) {
      const isNew = this.#random() < 0.3
      const id = isNew ? `${name}-new-${n}` : `${name}-edited-${below(this.#random, EDITED)}`
      await this.#put(id, n, revs)
      await sleep(PAUSE_MS * this.#random())
    }
  }

  /** Follows the feed, each page at another node, until the end. */
  async follow(name: string): Promise<void> {
    for (let since = '0'; !this.#isOver;) since = (await this.page(name, since, LONGPOLL_MS)) ?? since
  }

  /** Reads a page of the feed behind a sequence. @returns its last sequence; undefined where no node answered */
  async page(name: string, since: string, timeout: number, url?: string): Promise<string | undefined> {
    const path = `/${DATABASE}/_changes?feed=longpoll&limit=50&timeout=${timeout}&since=${encodeURIComponent(since)}`
    const answer = await this.#ask<Feed>('GET', path, undefined, url)
    if (answer?.status !== 200 || answer.body.results === undefined) return undefined
    for (const { seq, id, changes, deleted = false } of answer.body.results)
      this.#history.saw(name, seq, `${id} ${changes[0]?.rev} ${deleted}`)
    return answer.body.last_seq
  }

  async #put(id: string, n: number, revs: Map<string, string>): Promise<void> {
    const rev = revs.get(id)
    const json = { n, ...(rev === undefined ? {} : { _rev: rev }), ...this.#attachments() }
    const deleted = rev !== undefined && this.#random() < 0.1 ? { _deleted: true } : {}
    const answer = await this.#ask<Written>('PUT', `/${DATABASE}/${id}`, { ...json, ...deleted })
    if (answer?.body.rev !== undefined) {
      revs.set(id, answer.body.rev)
      this.#history.acknowledge(id, answer.body.rev)
      if (this.#random() < 0.3) await this.#readBack(id, answer.body.rev)
      return
    }
    this.#history.refused += 1
    // It may have happened, or may yet: this client asks what is there before it writes again.
    if (rev !== undefined || answer?.status === 409) await this.#learn(id, revs)
  }

  #attachments(): object {
    if (this.#random() > 0.03) return {}
    const data = Buffer.alloc(ATTACHMENT_BYTES, String(this.#random())).toString('base64')
    return { _attachments: { file: { content_type: 'application/octet-stream', data } } }
  }

  /** Another node may be late, and must not say that the revision is missing. */
  async #readBack(id: string, rev: string): Promise<void> {
    const answer = await this.#ask('GET', `/${DATABASE}/${id}?rev=${rev}`)
    if (answer?.status === 404)
      this.#history.fault(`${id} ${rev} was acknowledged, and a node says it is missing`)
  }

  async #learn(id: string, revs: Map<string, string>): Promise<void> {
    while (!this.#isOver) {
      const path = `/${DATABASE}/${id}?revs=true&open_revs=all`
      const answer = await this.#ask<readonly { ok?: { _rev: string } }[]>('GET', path)
      const found = answer?.status === 200 ? answer.body[0]?.ok?._rev : undefined
      if (found !== undefined) return void revs.set(id, found)
      if (answer?.status === 404) return
      await sleep(200)
    }
  }

  async #ask<Body>(
    method: string,
    path: string,
    json?: object,
    url = pick(this.#random, this.#urls),
  ): Promise<Answer<Body> | undefined> {
    const signal = AbortSignal.timeout(MOST_MS)
    const asked = performance.now()
    try {
      const answer = await call<Body>(url, method, path, { signal, ...(json === undefined ? {} : { json }) })
      this.#history.took(performance.now() - asked)
      if (answer.status >= 500 && answer.status !== 503)
        this.#history.fault(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`)
      return answer
    } catch {
      if (signal.aborted) this.#history.unanswered(`${method} ${path} at ${new URL(url).host}`)
      return undefined
    }
  }
}
