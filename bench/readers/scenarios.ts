import { inParallel, type Client } from '../../harness/client.ts'
import type { Target } from '../target.ts'
import { HostileBuilds } from './hostile.ts'
import { memoryOf } from './memory.ts'
import type { ReaderReport } from './messages.ts'
import { nowMs } from './now.ts'
import { Readers } from './readers.ts'

export interface Scenario {
  readonly name: string
  /** Does it, checks that nobody missed anything, and says what came out. */
  measure(target: Target, readers: number): Promise<string>
}

const UPDATES = 100
const WRITERS = 16
const HANGING_ON = 'feed=continuous&since=now&heartbeat=60000'

/** Continuous readers of one database while updates come in, one after the other. */
const updates = (name: string, readersOf: (most: number) => number): Scenario => ({
  name,
  measure: async (target, most) => {
    const readers = readersOf(most)
    const database = await target.database()
    const path = `/${database}/_changes?${HANGING_ON}`
    return target.withClient(1, async client => {
      const before = await memoryOf(client)
      const feeds = await Readers.open(target.url, Array<string>(readers).fill(path), UPDATES)
      const idle = ((await memoryOf(client)) - before) / readers
      for (let n = 0; n < UPDATES; n++) await put(client, database)
      return `${await summary(feeds, readers)}, ${(idle / 1024).toFixed(1)} KB per idle reader`
    })
  },
})

/** One reader for each of a thousand databases, an update in each. */
const databases: Scenario = {
  name: 'databases',
  measure: async target => {
    const names: string[] = []
    for (let n = 0; n < 1000; n++) names.push(await target.database())
    const paths = names.map(name => `/${name}/_changes?${HANGING_ON}`)
    const feeds = await Readers.open(target.url, paths, 1)
    await target.withClient(WRITERS, client => inParallel(WRITERS, names, name => put(client, name)))
    return summary(feeds, names.length)
  },
}

/** Clients that wait for a change, and come back for the next as soon as they have it. */
const longpoll: Scenario = {
  name: 'longpoll',
  measure: async target => {
    const clients = 2000
    const rounds = 10
    const database = await target.database()
    return target.withClient(clients, reader =>
      target.withClient(1, async writer => {
        const latencies: number[] = []
        const start = performance.now()
        let since = '0'
        for (let round = 0; round < rounds; round++) {
          const polls = Array.from({ length: clients }, () => poll(reader, database, since, latencies))
          await untilWaiting()
          await put(writer, database)
          const seqs = await Promise.all(polls)
          since = seqs[0] ?? since
        }
        const seconds = (performance.now() - start) / 1000 - rounds * (WAITING_MS / 1000)
        latencies.sort((a, b) => a - b)
        return `${Math.round((clients * rounds) / seconds)} answers/s, ${percentiles(latencies)}`
      }),
    )
  },
}

const WAITING_MS = 2000

function untilWaiting(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, WAITING_MS))
}

async function poll(client: Client, database: string, since: string, latencies: number[]): Promise<string> {
  const path = `/${database}/_changes?feed=longpoll&since=${since}`
  const { results, last_seq } = await client.json<{ results: { id: string }[]; last_seq: string }>(
    'GET',
    path,
    200,
  )
  if (results.length !== 1) throw new Error(`a longpoll gave ${results.length} rows`)
  latencies.push(nowMs() - Number(results[0]!.id.slice('at-'.length)))
  return last_seq
}

/** Single writes, one after the other, without and with readers of the same database and of another. */
const writes: Scenario = {
  name: 'writes',
  measure: async (target, readers) => {
    const [mine, other] = [await target.database(), await target.database()]
    return target.withClient(1, async client => {
      const alone = await writeLatency(client, mine)
      const feeds = await Readers.open(
        target.url,
        Array<string>(readers).fill(`/${other}/_changes?${HANGING_ON}`),
        SAMPLES,
      )
      const beside = await writeLatency(client, mine)
      const to = await writeLatency(client, other)
      await feeds.close()
      return `alone ${percentiles(alone)}; to another database ${percentiles(beside)}; to theirs ${percentiles(to)}`
    })
  },
}

const SAMPLES = 50
const BETWEEN_MS = 300

/** Milliseconds, sorted. Between the writes the readers get what they were sent. */
async function writeLatency(client: Client, database: string): Promise<number[]> {
  const latencies: number[] = []
  for (let n = 0; n < SAMPLES; n++) {
    const start = performance.now()
    await put(client, database)
    latencies.push(performance.now() - start)
    await new Promise(resolve => setTimeout(resolve, BETWEEN_MS))
  }
  return latencies.sort((a, b) => a - b)
}

const HOSTILE_READERS = 100

/** Readers of one database while updates come in at a walk: alone, then while hostile views build in another database. */
const hostile: Scenario = {
  name: 'hostile',
  measure: async target =>
    target.withClient(8, async client => {
      const alone = await walk(target, client)
      const builds = await HostileBuilds.start(target, client)
      const beside = await walk(target, client)
      await builds.stop()
      const tale = ({ p50, p99 }: ReaderReport) => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`
      return `alone ${tale(alone)}; beside ${builds.failures} builds that failed ${tale(beside)}`
    }),
}

async function walk(target: Target, client: Client): Promise<ReaderReport> {
  const database = await target.database()
  const path = `/${database}/_changes?${HANGING_ON}`
  const feeds = await Readers.open(target.url, Array<string>(HOSTILE_READERS).fill(path), WALK_UPDATES)
  for (let n = 0; n < WALK_UPDATES; n++) {
    await put(client, database)
    await new Promise(resolve => setTimeout(resolve, WALK_PAUSE_MS))
  }
  const report = await feeds.finish()
  if (report.incomplete > 0) throw new Error(`${report.incomplete} readers missed rows`)
  return report
}

const WALK_UPDATES = 400
const WALK_PAUSE_MS = 50

async function put(client: Client, database: string): Promise<void> {
  await client.json('PUT', `/${database}/at-${nowMs()}`, 201, '{"some":"document"}')
}

async function summary(feeds: Readers, readers: number): Promise<string> {
  const { rows, firstMs, lastMs, p50, p99, incomplete } = await feeds.finish()
  if (incomplete > 0) throw new Error(`${incomplete} of ${readers} readers missed rows`)
  const rate = Math.round(rows / ((lastMs - firstMs) / 1000))
  return `${rate} rows/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, none missing of ${rows}`
}

function percentiles(sorted: readonly number[]): string {
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(1)
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`
}

export const SCENARIOS: readonly Scenario[] = [
  updates('thousand', () => 1000),
  updates('many', most => most),
  databases,
  longpoll,
  writes,
  hostile,
]
