// Measures a server under more clients than it can serve; see bench/README.md.
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { onOwnNode } from './own-node.ts'

const HELP = `node dist/bench/overload.js [--url URL] [--clients N] [--idle N] [--seconds N]

  --url      the server, with an admin's credentials; without it a node is started on a temporary directory
  --clients  clients that write without a pause (5000); a tenth of them is measured first
  --idle     connections that ask for nothing (10000)
  --seconds  time of each measurement (10)`

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    clients: { type: 'string', default: '5000' },
    idle: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '10' },
    help: { type: 'boolean', default: false },
  },
})

const HALF_OPEN = 200
/** Clients come over so long: more at once than the system's queue holds (`net.core.somaxconn`) wait for its retries. */
const RAMP_MS = 2000
const PROBES = ['/_up', '/_node/_local/_health', '/_node/_local/_prometheus']
const HEARTBEAT_MS = 1000

if (values.help) console.log(HELP)
else if (values.url !== undefined) await measure(values.url)
else await onOwnNode(measure)

async function measure(url: string): Promise<void> {
  const { hostname, port, username, password } = new URL(url)
  const place: Place = { host: hostname, port: Number(port), auth: btoa(`${username}:${password}`) }
  const seconds = Number(values.seconds)
  const clients = Number(values.clients)
  await exchange(place, requestOf(place, 'PUT', '/overload'))
  const feed = watchHeartbeats(place)
  const show = async (name: string, count: number): Promise<void> => {
    feed.longest = 0
    const probes = watchProbes(place)
    const answered = await writers(place, count, seconds)
    const waits = `longest wait for a heartbeat ${Math.round(feed.longest)} ms, for a probe ${await probes.end()}`
    console.log(`${name}: ${answered}, ${waits}`)
  }
  await show(`${clients / 10} clients`, clients / 10)
  await show(`${clients} clients`, clients)
  const began = performance.now()
  await exchange(place, requestOf(place, 'GET', '/overload'))
  console.log(`the first answer after that: ${Math.round(performance.now() - began)} ms`)
  await show(`${clients / 10} clients again`, clients / 10)
  const idle = await Promise.all(Array.from({ length: Number(values.idle) }, () => opened(place)))
  const slow = await Promise.all(Array.from({ length: HALF_OPEN }, () => opened(place)))
  for (const socket of slow) socket.write('PUT /overload/slow HTTP/1.1\r\nHost: a\r\nContent-Le')
  await show(
    `${clients / 10} clients beside ${idle.length} idle and ${slow.length} half-open connections`,
    clients / 10,
  )
  for (const socket of [...idle, ...slow, feed.socket]) socket.destroy()
  await exchange(place, requestOf(place, 'DELETE', '/overload'))
}

interface Place {
  readonly host: string
  readonly port: number
  readonly auth: string
}

/** Has clients write documents one after the other; returns what they were answered, and after how long. */
async function writers(place: Place, count: number, seconds: number): Promise<string> {
  const taken: number[] = []
  const refused: number[] = []
  let failed = 0
  const end = performance.now() + RAMP_MS + seconds * 1000
  await Promise.all(
    Array.from({ length: count }, async (_, client) => {
      await sleep((client / count) * RAMP_MS)
      let socket = await opened(place).catch(() => undefined)
      for (let turn = 0; performance.now() < end; turn++) {
        if (socket === undefined || socket.destroyed) socket = await opened(place).catch(() => undefined)
        const began = performance.now()
        const path = `/overload/${client}-${turn}-${Math.round(end)}`
        const answer = socket && (await answerOf(socket, requestOf(place, 'PUT', path, '{"a":1}')))
        const took = performance.now() - began
        if (answer?.status === 201) taken.push(took)
        else if (answer?.status === 503) {
          refused.push(took)
          await sleep(Math.min(answer.retryAfterMs, end - performance.now()))
        } else failed += 1
      }
      socket?.destroy()
    }),
  )
  const all = `${Math.round(taken.length / seconds)} writes/s, p50 ${at(taken, 0.5)} ms, p99 ${at(taken, 0.99)} ms`
  return `${all}; ${refused.length} refused, p99 ${at(refused, 0.99)} ms; ${failed} without an answer`
}

function at(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b)
  return Math.round(sorted[Math.floor(sorted.length * share)] ?? 0)
}

function requestOf({ auth }: Place, method: string, path: string, body = ''): string {
  const head = `${method} ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Basic ${auth}\r\nContent-Type: application/json\r\n`
  return `${head}Content-Length: ${body.length}\r\n\r\n${body}`
}

function opened({ host, port }: Place): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(socket))
    socket.setNoDelay(true)
    socket.on('error', reject)
  })
}

interface Answer {
  readonly status: number
  readonly retryAfterMs: number
}

/** Sends a request; returns its answer, undefined where none came. */
function answerOf(socket: Socket, text: string): Promise<Answer | undefined> {
  return new Promise(resolve => {
    const settle = (answer: Answer | undefined): void => {
      socket.off('data', onData).off('close', onClose)
      resolve(answer)
    }
    const onData = (bytes: Buffer): void => {
      const head = bytes.toString('latin1')
      const seconds = /^Retry-After: (\d+)/im.exec(head)?.[1] ?? 0
      settle({ status: Number(head.slice(9, 12)), retryAfterMs: Number(seconds) * 1000 })
    }
    const onClose = (): void => settle(undefined)
    socket.on('data', onData).on('close', onClose)
    socket.write(text)
  })
}

async function exchange(place: Place, text: string): Promise<void> {
  const socket = await opened(place)
  await answerOf(socket, text)
  socket.destroy()
}

/** Asks a few times a second, over a new connection each, what a monitor asks for. */
function watchProbes(place: Place): { end(): Promise<string> } {
  let longest = 0
  let refused = 0
  let isOver = false
  const run = async (): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      const began = performance.now()
      const socket = await opened(place).catch(() => undefined)
      const answer = socket && (await answerOf(socket, requestOf(place, 'GET', PROBES[n % PROBES.length]!)))
      socket?.destroy()
      longest = Math.max(longest, performance.now() - began)
      if (answer?.status !== 200) refused += 1
      await sleep(200)
    }
  }
  const running = run()
  return {
    async end() {
      isOver = true
      await running
      return `${Math.round(longest)} ms (${refused} not answered)`
    },
  }
}

/** Opens a feed without changes, and keeps the longest time in which nothing came. */
function watchHeartbeats(place: Place): { longest: number; readonly socket: Socket } {
  const socket = connect(place.port, place.host)
  const watch = { longest: 0, socket }
  let last = performance.now()
  socket.on('error', () => undefined)
  socket.on('data', () => {
    watch.longest = Math.max(watch.longest, performance.now() - last)
    last = performance.now()
  })
  const path = `/overload/_changes?feed=continuous&filter=_doc_ids&doc_ids=%5B%22none%22%5D&heartbeat=${HEARTBEAT_MS}`
  socket.write(requestOf(place, 'GET', path))
  return watch
}
