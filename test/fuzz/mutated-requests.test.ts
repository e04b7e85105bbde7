import { connect } from 'node:net'
import fc from 'fast-check'
import test from 'ava'
import { areas, scenariosOf } from '../helpers/replay/scenario.ts'
import { call } from '../helpers/http.ts'
import { spawnServer } from '../helpers/spawn-server.ts'
import { tempDir } from '../helpers/temp.ts'
import { mutatedRequest, recordedRequests, type WireRequest } from './mutated-requests.ts'

/** Requests of the normal tests; FUZZ_RUNS sets another number, FUZZ_SEED repeats one. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 500)
/** An answer that goes on, as feeds do, is read for so long. */
const READ_MS = 500
/** Silence before the head of an answer that counts as a hang: longpolls wait for their timeout. */
const HANG_MS = 90_000

/** Sends a request as it is and returns what came back: its head and what followed within a moment. */
function send(url: string, { method, path, headers, body }: WireRequest): Promise<string> {
  const { port, username, password } = new URL(url)
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  const all = {
    host: 'x',
    authorization,
    connection: 'close',
    ...headers,
    'content-length': String(body.length),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1')
    let answer = ''
    const end = (): void => {
      clearTimeout(hang)
      socket.destroy()
      resolve(answer)
    }
    const hang = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no answer within ${HANG_MS} ms`))
    }, HANG_MS)
    socket.on('data', (chunk: Buffer) => {
      if (answer === '') setTimeout(end, READ_MS).unref()
      if (answer.length < 100_000) answer += chunk.toString('latin1')
    })
    // A server that refuses a body may close before all of it was sent.
    socket.on('error', end).on('close', end)
    socket.write(
      Buffer.concat([
        Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1'),
        body,
      ]),
    )
  })
}

function problem(answer: string): string | undefined {
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
  if (status === 0) return 'it is no answer'
  if (answer.includes('The server failed; its log says why')) return 'an error that nobody expected'
  if (/\n\s+at .*\.[jt]s:\d+/.test(answer)) return 'a stack trace'
  return undefined
}

test('recorded requests with changes are answered, never by a fault of the server', async t => {
  t.timeout(10 * 60_000)
  const dir = await tempDir()
  const server = await spawnServer(dir.path)
  t.teardown(async () => {
    await server.kill()
    await dir.remove()
  })
  const requests = recordedRequests(areas().flatMap(scenariosOf))
  t.true(requests.length > 500, `${requests.length}`)
  await call(server.url, 'PUT', '/db')
  const property = fc.asyncProperty(mutatedRequest(requests), async request => {
    const answer = await send(server.url, request)
    const found = problem(answer)
    if (found !== undefined) throw new Error(`${found}: ${answer.slice(0, 1000)}`)
    // A request may drop the database.
    await call(server.url, 'PUT', '/db')
  })
  const seed = process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) }
  await fc.assert(property, { numRuns: RUNS, includeErrorInReport: true, endOnFailure: true, ...seed })
  t.is((await call(server.url, 'GET', '/_up')).status, 200)
})
