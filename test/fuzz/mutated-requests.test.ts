import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import test from 'ava'
import { projectFile } from '../../harness/project.ts'
import { call } from '../helpers/http.ts'
import { areas, scenariosOf } from '../helpers/replay/scenario.ts'
import { spawnServer } from '../helpers/spawn-server.ts'
import { tempDir, type TempDir } from '../helpers/temp.ts'
import { byteChanges, changeBytes } from './changed-bytes.ts'
import { anyFrame, connectionBytes, encodeFrame, FRAME, requestFrames } from './http2-frames.ts'
import { mutatedRequest, recordedRequests, type WireRequest } from './mutated-requests.ts'
import { runs, SEED } from './runs.ts'
import { authorizationOf, encodeRequest, sendBytes } from './send-http1.ts'
import { Http2Client, sendFrames } from './send-http2.ts'

const REQUESTS = recordedRequests(areas().flatMap(scenariosOf))
/** Connections that were badly taken once, in hex: `http1` with a client that ends its side, `http2` after the handshake. */
const FOUND = JSON.parse(readFileSync(projectFile('fixtures/fuzz/connections.json'), 'utf8')) as Readonly<
  Record<'http1' | 'http2', readonly string[]>
>

let dir: TempDir
let server: Awaited<ReturnType<typeof spawnServer>>
let tls: string

test.before(async () => {
  dir = await tempDir()
  const settings = [
    'ssl/enable=true',
    'ssl/port=0',
    'log/level=error',
    'couchette/idle_connection_timeout=1000',
  ]
  server = await spawnServer(
    dir.path,
    {},
    settings.flatMap(text => ['--set', text]),
  )
  tls = `https://127.0.0.1:${/with TLS on port (\d+)/.exec(server.output())?.[1]}`
})

test.after.always(async () => {
  await server.kill()
  await dir.remove()
})

/** A request may drop the database. */
test.beforeEach(() => call(server.url, 'PUT', '/db'))

function problem(answer: string): string | undefined {
  const status = Number(/^HTTP\/\S+ (\d{3})/.exec(answer)?.[1] ?? 0)
  if (status === 0 && !answer.startsWith('refused by the client')) return 'it is no answer'
  if (answer.includes('The server failed; its log says why')) return 'an error that nobody expected'
  if (/\n\s+at .*\.[jt]s:\d+/.test(answer)) return 'a stack trace'
  return undefined
}

async function tryAll<Input>(
  inputs: fc.Arbitrary<Input>,
  usual: number,
  tryOne: (input: Input) => Promise<string | undefined>,
): Promise<void> {
  const property = fc.asyncProperty(inputs, async input => {
    const found = await tryOne(input)
    if (found !== undefined) throw new Error(found.slice(0, 1000))
  })
  await fc.assert(property, {
    numRuns: runs(usual),
    seed: SEED,
    includeErrorInReport: true,
    endOnFailure: true,
  })
}

/** The process lives, and has logged no error of its own. */
async function faultOfServer(): Promise<string | undefined> {
  const { status } = await call(server.url, 'GET', '/_up')
  if (status !== 200) return `_up answers ${status}`
  const [line] = server.output().match(/^.*"level":"(error|fatal)".*$/m) ?? []
  return line
}

const answered =
  (send: (request: WireRequest) => Promise<string>) =>
  async (request: WireRequest): Promise<string | undefined> => {
    const answer = await send(request)
    const found = problem(answer)
    await call(server.url, 'PUT', '/db')
    return found && `${found}: ${answer}`
  }

test.serial('recorded requests with changes are answered, never by a fault of the server', async t => {
  t.timeout(60 * 60_000)
  t.true(REQUESTS.length > 500, `${REQUESTS.length}`)
  const send = (request: WireRequest): Promise<string> =>
    sendBytes(server.url, encodeRequest(server.url, request))
  await tryAll(mutatedRequest(REQUESTS), 300, answered(send))
  t.is(await faultOfServer(), undefined)
})

test.serial('recorded requests with changes are answered over HTTP/2, too', async t => {
  t.timeout(60 * 60_000)
  const client = new Http2Client(tls, authorizationOf(server.url))
  t.teardown(() => client.close())
  // Node.js' client ends a stream whose head it finds wrong, and the server one that it finds wrong: both are in order.
  const send = async (request: WireRequest): Promise<string> => {
    const answer = await client.send(request)
    return /^ended with code [1-9]/.test(answer) ? `refused by the client: ${answer}` : answer
  }
  await tryAll(mutatedRequest(REQUESTS), 80, answered(send))
  t.is(await faultOfServer(), undefined)
})

test.serial('a connection of HTTP/1.1 with changed bytes ends in order', async t => {
  t.timeout(60 * 60_000)
  const inputs = fc
    .tuple(fc.array(mutatedRequest(REQUESTS), { minLength: 1, maxLength: 3 }), byteChanges())
    .map(([requests, changes]) =>
      changeBytes(Buffer.concat(requests.map(request => encodeRequest(server.url, request))), changes),
    )
  const tryOne = async (bytes: Buffer): Promise<string | undefined> => {
    const answer = await sendBytes(server.url, bytes, { end: true })
    // A request that is cut off has no answer.
    return answer === '' ? undefined : problem(answer)
  }
  for (const hex of FOUND.http1) t.is(await tryOne(Buffer.from(hex, 'hex')), undefined)
  await tryAll(inputs, 60, tryOne)
  t.is(await faultOfServer(), undefined)
})

test.serial('a connection of HTTP/2 with frames of any kind and changed bytes ends in order', async t => {
  t.timeout(60 * 60_000)
  const authorization = authorizationOf(server.url)
  const recorded = mutatedRequest(REQUESTS).map(({ method, path, headers, body }) =>
    requestFrames(
      1,
      { ':method': method, ':path': path, authorization, ...headers },
      body.subarray(0, 16_384),
    ),
  )
  const inputs = fc
    .tuple(recorded, fc.array(anyFrame, { maxLength: 5 }), fc.nat(5), byteChanges(3))
    .map(([request, others, place, changes]) => {
      const frames = [...others.slice(0, place), ...request, ...others.slice(place)]
      return changeBytes(connectionBytes(frames), changes)
    })
  const tryOne = async (bytes: Buffer): Promise<string | undefined> => void (await sendFrames(tls, bytes))
  for (const hex of FOUND.http2) t.is(await tryOne(Buffer.from(hex, 'hex')), undefined)
  await tryAll(inputs, 40, tryOne)
  t.is(await faultOfServer(), undefined)
})

const stream = (index: number): number => 2 * index + 1
const get = (index: number) =>
  requestFrames(stream(index), { ':method': 'GET', ':path': '/_up' }, Buffer.alloc(0))

/** Ways to have a server of HTTP/2 work or keep much for little, each by its usual name. */
const FLOODS: Readonly<Record<string, () => Buffer>> = {
  'rapid reset': () =>
    connectionBytes(
      Array.from({ length: 5000 }, (_, index) => [
        ...get(index),
        { type: FRAME.reset, flags: 0, stream: stream(index), payload: Buffer.from([0, 0, 0, 8]) },
      ]).flat(),
    ),
  'continuation flood': () =>
    connectionBytes([
      { type: FRAME.headers, flags: 0, stream: 1, payload: Buffer.alloc(0) },
      ...Array.from({ length: 2000 }, (_, index) => ({
        type: FRAME.continuation,
        flags: 0,
        stream: 1,
        payload: Buffer.from(
          `\0\x05x-${String(index % 1000).padStart(3, '0')}\x7f\x81\x07${'v'.repeat(1024)}`,
          'latin1',
        ),
      })),
    ]),
  'settings flood': () =>
    connectionBytes(
      Array.from({ length: 20_000 }, () => ({
        type: FRAME.settings,
        flags: 0,
        stream: 0,
        payload: Buffer.from([0, 3, 0, 0, 0, 100]),
      })),
    ),
  'ping flood': () =>
    connectionBytes(
      Array.from({ length: 20_000 }, () => ({
        type: FRAME.ping,
        flags: 0,
        stream: 0,
        payload: Buffer.alloc(8),
      })),
    ),
  'a window of nothing': () =>
    Buffer.concat([
      connectionBytes([
        { type: FRAME.settings, flags: 0, stream: 0, payload: Buffer.from([0, 4, 0, 0, 0, 0]) },
      ]),
      ...Array.from({ length: 500 }, (_, index) => get(index).map(encodeFrame)).flat(),
    ]),
  'header bomb': () => {
    // One entry of the table of 4 kB, named again and again by one byte.
    const entry = Buffer.concat([Buffer.from('\x40\x01x\x7f\xa1\x1e', 'latin1'), Buffer.alloc(4000, 'v')])
    const block = Buffer.concat([entry, Buffer.alloc(12_000, 0xbe)])
    return connectionBytes([{ type: FRAME.headers, flags: 5, stream: 1, payload: block }])
  },
}

for (const [name, bytes] of Object.entries(FLOODS)) {
  test.serial(`a flood over HTTP/2 is taken or refused, and forgotten: ${name}`, async t => {
    const resident = async (): Promise<number> => {
      const { body } = await call<{ memory: { resident: number } }>(
        server.url,
        'GET',
        '/_node/_local/_health',
      )
      return body.memory.resident
    }
    const before = await resident()
    await sendFrames(tls, bytes())
    t.is(await faultOfServer(), undefined)
    const grown = (await resident()) - before
    t.true(grown < 150e6, `${Math.round(grown / 1e6)} MB`)
  })
}
