import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { target } from '../harness/client.ts'
import { startNode } from '../harness/child-server.ts'

/*
 * Rows of Debezium from JetStream into a database, by `_ingest`, and documents out into JetStream, beside what a bare consumer and
 * a bare publisher reach in the same run: node dist/bench/streams.js [rows]. nats-server is that of ~/go/bin.
 */
const ROWS = Number(process.argv[2] ?? 20_000)
const AT_A_TIME = 1000

interface Broker {
  readonly url: string
  readonly connection: NatsConnection
  close(): Promise<void>
}

async function startBroker(): Promise<Broker> {
  const directory = await mkdtemp(join(tmpdir(), 'couchette-bench-nats-'))
  const args = ['-a', '127.0.0.1', '-p', '-1', '-js', '-sd', directory, '--ports_file_dir', directory]
  const server = spawn(join(homedir(), 'go/bin/nats-server'), args, { stdio: 'ignore' })
  let url: string | undefined
  while (url === undefined) {
    await sleep(50)
    const file = (await readdir(directory)).find(name => name.endsWith('.ports'))
    const text = file === undefined ? '' : await readFile(join(directory, file), 'utf8')
    if (text !== '') url = (JSON.parse(text) as { nats: string[] }).nats[0]
  }
  const connection = await connect({ servers: url })
  const close = async (): Promise<void> => {
    await connection.close()
    server.kill('SIGKILL')
    await once(server, 'exit')
    await rm(directory, { recursive: true, force: true })
  }
  return { url, connection, close }
}

const field = (name: string, type: string, more = {}) => ({ field: name, type, optional: true, ...more })
const COLUMNS = [
  field('id', 'int32'),
  field('name', 'string'),
  field('price', 'bytes', { name: 'org.apache.kafka.connect.data.Decimal', parameters: { scale: '2' } }),
  field('at', 'int64', { name: 'io.debezium.time.MicroTimestamp' }),
  field('note', 'string'),
]
const SCHEMA = JSON.stringify({
  type: 'struct',
  name: 'pg.public.t.Envelope',
  fields: [
    ...['before', 'after'].map(name => field(name, 'struct', { fields: COLUMNS })),
    field('source', 'struct', { fields: ['db', 'schema', 'table'].map(name => field(name, 'string')) }),
    field('op', 'string'),
  ],
})

function event(id: number): string {
  const after = {
    id,
    name: `Customer ${id}`,
    price: 'BOI=',
    at: 1714566896789012,
    note: `a note of row ${id}`,
  }
  const source = {
    connector: 'postgresql',
    name: 'pg',
    ts_ms: 1796029269166,
    snapshot: 'false',
    db: 'shop',
    schema: 'public',
    table: 't',
    lsn: 22185728 + id,
  }
  return `{"schema":${SCHEMA},"payload":${JSON.stringify({ before: null, after, source, op: 'c' })}}`
}

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

/** Runs work on all rows. @returns rows per second */
async function rate(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return Math.round(ROWS / ((performance.now() - began) / 1000))
}

async function publish({ connection }: Broker, subject: string): Promise<void> {
  const client = jetstream(connection)
  for (let at = 0; at < ROWS; at += AT_A_TIME)
    await Promise.all(
      Array.from({ length: Math.min(AT_A_TIME, ROWS - at) }, (_, n) =>
        client.publish(subject, event(at + n)),
      ),
    )
}

async function consume({ connection }: Broker): Promise<void> {
  const consumer = await jetstream(connection).consumers.get('rows')
  const messages = await consumer.consume({ max_messages: 2000 })
  let read = 0
  for await (const message of messages) {
    JSON.parse(message.string())
    if (++read === ROWS) break
  }
  await messages.close()
}

async function main(): Promise<void> {
  const broker = await startBroker()
  const data = await mkdtemp(join(tmpdir(), 'couchette-bench-streams-'))
  const node = await startNode(data)
  try {
    const manager = await jetstreamManager(broker.connection)
    await manager.streams.add({ name: 'rows', subjects: ['rows.>'] })
    await manager.streams.add({ name: 'out', subjects: ['out.>'] })
    for (const name of ['nats', 'http']) await request(node.url, 'PUT', `/${name}`)
    const stream = { url: broker.url, stream: 'rows', subject: 'rows.>', format: 'debezium', id: 'c:{id}' }
    const out = { url: broker.url, stream: 'out', subject: 'out.{id}', format: 'debezium' }
    const replicate = (json: object) => request(node.url, 'POST', '/_replicate', json)
    const published = await rate(() => publish(broker, 'rows.t'))
    const consumed = await rate(() => consume(broker))
    const read = await rate(() => replicate({ source: stream, target: `${node.url}/nats` }))
    const posted = await rate(async () => {
      for (let at = 0; at < ROWS; at += AT_A_TIME) {
        const events = Array.from({ length: Math.min(AT_A_TIME, ROWS - at) }, (_, n) => event(at + n))
        await request(node.url, 'POST', '/http/_ingest?id=c:{id}', `[${events.join(',')}]`)
      }
    })
    const written = await rate(() => replicate({ source: `${node.url}/nats`, target: out }))
    const percent = (own: number, bare: number): string => `${Math.round((own / bare) * 100)}%`
    console.log(`${ROWS} rows, events with their schema; rows per second`)
    console.log(
      `in from NATS   ${read} of ${consumed} of a bare consumer that parses: ${percent(read, consumed)}`,
    )
    console.log(`in by _ingest  ${posted}`)
    console.log(
      `out to NATS    ${written} of ${published} of a bare publisher: ${percent(written, published)}`,
    )
  } finally {
    await node.kill()
    await broker.close()
    await rm(data, { recursive: true, force: true })
  }
}

await main()
