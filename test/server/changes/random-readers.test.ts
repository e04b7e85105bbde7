import test from 'ava'
import fc from 'fast-check'
import { eventually } from '../../helpers/eventually.ts'
import { ContinuousFeed, type FeedRow } from '../../helpers/feed.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'

const IDS = ['a', 'b', 'c', 'd', 'e', 'f']

/** Events, one after the other: writes of several kinds, readers that come, stop reading, go on and leave. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      ids: fc.uniqueArray(fc.constantFrom(...IDS), { minLength: 1 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), id: fc.constantFrom(...IDS) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('conflict' as const),
      id: fc.constantFrom(...IDS),
      hash: fc.stringMatching(/^[0-9a-f]{32}$/),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('join' as const), since: fc.constantFrom('0', 'now', 'last') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const), reader: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resume' as const), reader: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), reader: fc.nat() }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

interface Reader {
  readonly feed: ContinuousFeed
  /** The sequence number behind which it began. */
  readonly from: number
}

const numberOf = (seq: string): number => Number(seq.split('-')[0])

/** One database on a server, and what was done to it. */
class Run {
  readonly #url: string
  readonly #database: string
  readonly #readers: Reader[] = []

  constructor(url: string, database: string) {
    this.#url = url
    this.#database = database
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'write':
        return this.#bulk(await Promise.all(step.ids.map(id => this.#edit(id, {}))))
      case 'delete':
        return this.#bulk([await this.#edit(step.id, { _deleted: true })])
      case 'conflict':
        return this.#bulk([{ _id: step.id, _rev: `1-${step.hash}`, conflict: true }], false)
      case 'join':
        return this.#join(step.since)
      case 'pause':
        return this.#reader(step.reader)?.feed.pause()
      case 'resume':
        return this.#reader(step.reader)?.feed.resume()
      case 'leave':
        return this.#reader(step.reader)?.feed.close()
    }
  }

  /** The feed of each reader that stayed, once it has reached the end. */
  async finish(): Promise<{
    readonly final: readonly FeedRow[]
    readonly readers: readonly (Reader & { rows: readonly FeedRow[] })[]
  }> {
    const { results } = await this.#changes('')
    const end = numberOf(results.at(-1)?.seq ?? '0')
    const staying = this.#readers.filter(({ feed }) => !feed.ended)
    for (const { feed, from } of staying) {
      feed.resume()
      await eventually('the end', () => from >= end || numberOf(feed.rows.at(-1)?.seq ?? '0') >= end)
    }
    const readers = staying.map(reader => ({ ...reader, rows: reader.feed.rows }))
    for (const { feed } of this.#readers) feed.close()
    return { final: results, readers }
  }

  async #join(since: string): Promise<void> {
    const { last_seq: last } = await this.#changes('')
    const path = `/${this.#database}/_changes?feed=continuous&style=all_docs&heartbeat=60000&since=${since === 'last' ? last : since}`
    const feed = await ContinuousFeed.open(this.#url, path)
    this.#readers.push({ feed, from: since === '0' ? 0 : numberOf(last) })
  }

  #reader(at: number): Reader | undefined {
    return this.#readers[at % Math.max(1, this.#readers.length)]
  }

  async #edit(id: string, members: object): Promise<object> {
    const { status, body } = await call<{ _rev: string }>(this.#url, 'GET', `/${this.#database}/${id}`)
    return { _id: id, ...members, ...(status === 200 ? { _rev: body._rev } : {}) }
  }

  async #bulk(docs: readonly object[], newEdits = true): Promise<void> {
    await call(this.#url, 'POST', `/${this.#database}/_bulk_docs`, { json: { docs, new_edits: newEdits } })
  }

  async #changes(query: string): Promise<{ results: FeedRow[]; last_seq: string }> {
    const path = `/${this.#database}/_changes?style=all_docs${query}`
    return (await call<{ results: FeedRow[]; last_seq: string }>(this.#url, 'GET', path)).body
  }
}

test('P8: readers that come and go see every latest state in order, and no sequence twice', async t => {
  const { url, close } = await startServer({ memory: true })
  let databases = 0
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async steps => {
        const name = `run${databases++}`
        await call(url, 'PUT', `/${name}`)
        const run = new Run(url, name)
        for (const one of steps) await run.take(one)
        const { final, readers } = await run.finish()
        for (const { rows, from } of readers) {
          const numbers = rows.map(({ seq }) => numberOf(seq))
          t.deepEqual(
            numbers,
            [...new Set(numbers)].sort((a, b) => a - b),
          )
          const latest = new Map(rows.map(row => [row.id, row]))
          const expected = final.filter(({ seq }) => numberOf(seq) > from)
          t.deepEqual(
            expected.map(({ id }) => latest.get(id)),
            expected,
          )
        }
      }),
      { numRuns: 25 },
    )
  } finally {
    await close()
  }
})
