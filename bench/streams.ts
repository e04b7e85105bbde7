import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { target } from '../harness/client.ts'
import { startNode } from '../harness/child-server.ts'
import type { BenchBroker } from './streams/broker.ts'
import { rowEvent } from './streams/events.ts'
import { startKafka } from './streams/kafka-broker.ts'
import { startNats } from './streams/nats-broker.ts'

/*
 * Rows of Debezium from brokers into a database, by `_ingest`, and documents out, beside what a bare consumer that parses and a
 * bare publisher reach in the same run: node dist/bench/streams.js [rows] [nats,kafka]. Both sides do a tenth of the work before
 * they are measured. How long a row takes from its commit to a reader tells
 * test/engines/streams/rows.test.ts.
 */
const ROWS = Number(process.argv[2] ?? 100_000)
const BROKERS = (process.argv[3] ?? 'nats,kafka').split(',')
const POSTED = 1000

async function request(base: string, method: string, path: string, json?: unknown): Promise<unknown> {
  const { origin, headers } = target(base)
  const body = json === undefined ? {} : { body: typeof json === 'string' ? json : JSON.stringify(json) }
  const answer = await fetch(origin + path, {
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    ...body,
  })
  const answered = (await answer.json()) as { ok?: boolean; reason?: string }
  if (!answer.ok) throw new Error(`${method} ${path}: ${answered.reason}`)
  return answered
}

/** Runs work. @returns rows per second */
async function rate(rows: number, work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return Math.round(rows / ((performance.now() - began) / 1000))
}

interface Rates {
  readonly published: number
  readonly consumed: number
  readonly read: number
  readonly written: number
}

async function measure(base: string, broker: BenchBroker, rows: number, name: string): Promise<Rates> {
  const texts = Array.from({ length: rows }, (_, id) => rowEvent(id))
  const replicate = (json: object) => request(base, 'POST', '/_replicate', json)
  await broker.make(`${name}in`)
  await broker.make(`${name}out`)
  await request(base, 'PUT', `/${name}`)
  const published = await rate(rows, () => broker.publish(`${name}in`, texts))
  const consumed = await rate(rows, () => broker.consume(`${name}in`, rows))
  const source = { ...broker.source(`${name}in`), format: 'debezium', id: 'c:{id}' }
  const read = await rate(rows, () => replicate({ source, target: `${base}/${name}` }))
  const sink = { ...broker.sink(`${name}out`), format: 'debezium' }
  const written = await rate(rows, () => replicate({ source: `${base}/${name}`, target: sink }))
  return { published, consumed, read, written }
}

async function post(base: string, rows: number, name: string): Promise<number> {
  await request(base, 'PUT', `/${name}`)
  return rate(rows, async () => {
    for (let at = 0; at < rows; at += POSTED) {
      const events = Array.from({ length: Math.min(POSTED, rows - at) }, (_, n) => rowEvent(at + n))
      await request(base, 'POST', `/${name}/_ingest?id=c:{id}`, `[${events.join(',')}]`)
    }
  })
}

const percent = (own: number, bare: number): string => `${Math.round((own / bare) * 100)}%`

async function main(): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'couchette-bench-streams-'))
  const node = await startNode(data)
  console.log(`${ROWS} rows, events with their schema; rows per second`)
  try {
    for (const kind of BROKERS) {
      const broker = kind === 'kafka' ? await startKafka() : await startNats()
      try {
        await measure(node.url, broker, Math.ceil(ROWS / 10), `${kind}warm`)
        const { published, consumed, read, written } = await measure(node.url, broker, ROWS, kind)
        const { name } = broker
        console.log(`in from ${name}: ${read} of ${consumed} of a bare consumer: ${percent(read, consumed)}`)
        console.log(
          `out to ${name}: ${written} of ${published} of a bare publisher: ${percent(written, published)}`,
        )
      } finally {
        await broker.close()
      }
    }
    console.log(`in by _ingest: ${await post(node.url, ROWS, 'posted')}`)
  } finally {
    await node.kill()
    await rm(data, { recursive: true, force: true })
  }
}

await main()
