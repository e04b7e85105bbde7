import test from 'ava'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { ExecutionContext } from 'ava'
import { KafkaFrames, NatsFrames } from '../../replicator/streams/frame-readers.ts'
import type { FrameReader } from '../../replicator/streams/guarded-sockets.ts'
import { eventually } from '../helpers/eventually.ts'
import { call } from '../helpers/http.ts'
import { replicate } from '../helpers/replication.ts'
import { startServer, type RunningServer } from '../helpers/server.ts'

const LIMITS = { messageBytes: 1000, lineBytes: 100 }
const INFO =
  'INFO {"server_id":"a","version":"2.11.0","proto":1,"headers":true,"max_payload":1048576,"jetstream":true}\r\n'
const TOO_LARGE = /announced|line of more than/

let server: RunningServer

test.before(async () => {
  server = await startServer()
  await call(server.url, 'PUT', '/to')
})

test.after.always(() => server.close())

interface FalseBroker {
  readonly port: number
  readonly connections: ReadonlySet<Socket>
  readonly sent: number
}

/** Begins each connection in its own way and then sends bytes for ever, if it is to. */
async function startBroker(
  t: ExecutionContext,
  begin: (socket: Socket) => void,
  { floods, speaksFirst = false }: { readonly floods: boolean; readonly speaksFirst?: boolean },
): Promise<FalseBroker> {
  const connections = new Set<Socket>()
  const piece = Buffer.alloc(65_536, 'x')
  let sent = 0
  const broker = createServer(socket => {
    connections.add(socket)
    const flood = (): void => {
      while (floods && !socket.destroyed && socket.write(piece)) sent += piece.length
    }
    socket.on('error', () => undefined)
    socket.on('close', () => connections.delete(socket))
    socket.on('drain', flood)
    begin(socket)
    socket.once('data', () => setImmediate(flood))
    // A NATS server speaks first.
    if (speaksFirst) setImmediate(flood)
  })
  await new Promise<void>(resolve => broker.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of connections) socket.destroy()
    broker.close()
  })
  const { port } = broker.address() as AddressInfo
  return {
    port,
    connections,
    get sent() {
      return sent
    },
  }
}

function sourceOf(kind: string, port: number): object {
  const place = kind === 'nats' ? { stream: 'S', subject: 'a.b' } : { topic: 't' }
  return { url: `${kind}://127.0.0.1:${port}`, id: 'x:{id}', format: 'debezium', ...place }
}

const HUGE: Record<string, readonly [kind: string, begin: (socket: Socket) => void]> = {
  'an INFO line of NATS without an end': ['nats', socket => socket.write('INFO {"a":"')],
  'an error of NATS without an end': ['nats', socket => socket.write(`${INFO}-ERR '`)],
  'a message of NATS of 2 GB': ['nats', socket => socket.write(`${INFO}PONG\r\nMSG a 1 2000000000\r\n`)],
  'an answer of Kafka of 2 GB': [
    'kafka',
    socket =>
      socket.once('data', data => socket.write(Buffer.from([127, 255, 255, 255, ...data.subarray(8, 12)]))),
  ],
}

for (const [what, [kind, begin]] of Object.entries(HUGE))
  test.serial(`a job gives up a broker that sends ${what}, before its client has kept it`, async t => {
    const broker = await startBroker(t, begin, { floods: true, speaksFirst: kind === 'nats' })
    const job = { source: sourceOf(kind, broker.port), target: `${server.url}/to`, retries_per_request: 0 }
    const { error, reason } = await replicate(server.url, { ...job, connection_timeout: 20_000 })
    t.is(error, 'broker_frame_too_large', reason)
    t.regex(reason ?? '', TOO_LARGE)
    await eventually('its sockets are closed', () => broker.connections.size === 0)
    t.true(broker.sent < 200 * 1024 * 1024, `${broker.sent} bytes`)
  })

for (const kind of ['nats', 'kafka'])
  test.serial(`a cancelled job leaves a broker that says nothing: ${kind}`, async t => {
    const broker = await startBroker(t, () => undefined, { floods: false })
    const job = { source: sourceOf(kind, broker.port), target: `${server.url}/to`, continuous: true }
    const { body } = await call(server.url, 'PUT', `/_replicator/${kind}`, { json: job })
    await eventually('it is connected', () => broker.connections.size > 0)
    await call(server.url, 'DELETE', `/_replicator/${kind}?rev=${String(body['rev'])}`)
    await eventually('it is left', () => broker.connections.size === 0)
    t.pass()
  })

/** Feeds bytes in pieces of a size. */
function feed(reader: FrameReader, bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) reader.read(bytes.subarray(at, at + size))
}

const HONEST = Buffer.from(
  `${INFO.slice(0, 60)}\r\n+OK\r\nPING\r\nMSG a.b 1 5\r\nM\r\nH \r\nmsg a 1 reply 0 \t\r\n\r\nHMSG a 1 12 1000\r\n${'M\n'.repeat(500)}\r\nPONG\r\n`,
)

test('lines and messages of NATS are counted in pieces of any size', t => {
  for (const size of [1, 2, 3, 7, 64, 5000]) {
    t.notThrows(() => feed(new NatsFrames(LIMITS), HONEST, size))
    for (const [bad, message] of [
      ['MSG a 1 1001\r\n', /announced 1001/],
      [`HMSG a 1 12 99999999999999999999${' '.repeat(9)}\r\n`, /announced/],
      [`PING${' '.repeat(100)}`, /more than 100 bytes/],
      ['MSG a 1 x\r\n', /no size/],
      // A payload that is followed by anything but the end of a line hides no message.
      ['MSG a 1 1\r\nx\nMSG a 1 1001\r\n', /announced 1001/],
    ] as const)
      t.throws(() => feed(new NatsFrames(LIMITS), Buffer.from(`${HONEST.toString()}${bad}`), size), {
        message,
      })
  }
})

test('lengths of answers of Kafka are counted in pieces of any size', t => {
  const answer = (length: number): Buffer =>
    Buffer.concat([Buffer.from([0, 0, length >> 8, length & 255]), Buffer.alloc(length, 255)])
  const honest = Buffer.concat([answer(1000), answer(0), answer(3)])
  for (const size of [1, 3, 4, 5, 64, 5000]) {
    t.notThrows(() => feed(new KafkaFrames(LIMITS), honest, size))
    for (const bad of [Buffer.from([0, 0, 3, 233]), Buffer.from([255, 255, 255, 255])])
      t.throws(() => feed(new KafkaFrames(LIMITS), Buffer.concat([honest, bad]), size), {
        message: /announced/,
      })
  }
})
