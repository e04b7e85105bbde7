import type { ExecutionContext } from 'ava'
import { call } from '../http.ts'

interface Stored {
  readonly id: string
  readonly rev: string
  readonly seq: number
}

interface BulkRow {
  readonly id: string
  readonly rev: string
  readonly ok?: boolean
}

interface Feed {
  readonly results: readonly { seq: string; id: string; changes: readonly { rev: string }[] }[]
  readonly last_seq: string
}

/** Writes documents to a database and remembers what was acknowledged, to look for it later. */
export class AcknowledgedWrites {
  readonly #url: () => string
  readonly #database: string
  readonly #stored = new Map<string, string>()
  /** Sequence numbers that were seen, each with the document that has it. */
  readonly #seqs = new Map<number, string>()
  #next = 0

  /** @param url of the server as it is now, which may change with a restart */
  constructor(url: () => string, database: string) {
    this.#url = url
    this.#database = database
  }

  get count(): number {
    return this.#stored.size
  }

  async create(): Promise<void> {
    const { status } = await call(this.#url(), 'PUT', `/${this.#database}`)
    if (status !== 201) throw new Error(`the database could not be created: ${status}`)
  }

  /** Writes new documents in one request. @returns the status and the body of the answer */
  async write(count: number, bytes = 100): Promise<{ status: number; body: Record<string, unknown> }> {
    const docs = Array.from({ length: count }, () => ({
      _id: `doc-${String(this.#next++).padStart(8, '0')}`,
      text: 'x'.repeat(bytes),
    }))
    const { status, body } = await call(this.#url(), 'POST', `/${this.#database}/_bulk_docs`, {
      json: { docs },
    })
    if (status === 201) {
      for (const { id, rev, ok } of body as unknown as BulkRow[]) if (ok === true) this.#stored.set(id, rev)
    }
    return { status, body }
  }

  /** Checks that every acknowledged document is there, once in the feed, and that no sequence was given out again. */
  async verify(t: ExecutionContext): Promise<void> {
    const path = `/${this.#database}`
    const { body: feed } = await call<Feed>(this.#url(), 'GET', `${path}/_changes`)
    const { body: info } = await call<{ doc_count: number }>(this.#url(), 'GET', path)
    const found: Stored[] = feed.results.map(({ id, changes, seq }) => ({
      id,
      rev: changes[0]?.rev ?? '',
      seq: parseInt(seq, 10),
    }))
    const revs = new Map(found.map(({ id, rev }) => [id, rev]))
    const lost = [...this.#stored].filter(([id, rev]) => revs.get(id) !== rev)
    t.deepEqual(lost, [], 'acknowledged documents are missing')
    t.is(revs.size, found.length, 'the feed lists a document twice')
    t.is(info.doc_count, found.length, 'doc_count and the feed differ')
    const reused = found.filter(({ seq, id }) => (this.#seqs.get(seq) ?? id) !== id)
    t.deepEqual(reused, [], 'a sequence was given out again')
    for (const { seq, id } of found) this.#seqs.set(seq, id)
  }
}

/** Waits until `_up` answers with a status. */
export async function untilUp(
  url: string,
  wanted: number,
  withinMs = 20_000,
): Promise<Record<string, unknown>> {
  const end = performance.now() + withinMs
  for (;;) {
    const { status, body } = await call(url, 'GET', '/_up')
    if (status === wanted) return body
    if (performance.now() > end) throw new Error(`_up stays ${status}: ${JSON.stringify(body)}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
