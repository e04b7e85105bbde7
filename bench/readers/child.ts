// Holds many feeds open, in a process of its own; tells its parent when each row came.
import { connect, type Socket } from 'node:net'
import type { Opened, ReaderOrder, ReaderReport } from './messages.ts'
import { nowMs } from './now.ts'

const AT_ONCE = 200

process.once('message', (order: ReaderOrder) => void follow(order))

async function follow(order: ReaderOrder): Promise<void> {
  const sockets: Socket[] = []
  const latencies = new Float32Array(order.rows)
  const counts = new Uint32Array(order.paths.length)
  let rows = 0
  let first = Infinity
  let last = 0
  const report = (): void => {
    const sorted = latencies.subarray(0, rows).sort()
    const at = (share: number) => sorted[Math.min(rows - 1, Math.floor(rows * share))] ?? NaN
    const answer: ReaderReport = {
      rows,
      firstMs: first,
      lastMs: last,
      p50: at(0.5),
      p99: at(0.99),
      incomplete: counts.filter(count => count < order.rowsEach).length,
    }
    process.send?.(answer)
  }
  const onRow = (reader: number, sentMs: number): void => {
    const now = nowMs()
    if (rows < latencies.length) latencies[rows] = now - sentMs
    rows += 1
    counts[reader]! += 1
    first = Math.min(first, sentMs)
    last = now
    if (rows === order.rows) report()
  }
  for (let from = 0; from < order.paths.length; from += AT_ONCE) {
    const batch = order.paths.slice(from, from + AT_ONCE)
    const opened = batch.map((path, place) => open(order, path, sentMs => onRow(from + place, sentMs)))
    sockets.push(...(await Promise.all(opened)))
  }
  process.send?.({ opened: sockets.length } satisfies Opened)
  process.once('message', () => {
    if (rows < order.rows) report()
    for (const socket of sockets) socket.destroy()
    process.disconnect()
  })
}

/** A row's id holds when its document was sent. */
const ID = Buffer.from('"id":"at-')
const QUOTE = 0x22

function open(order: ReaderOrder, path: string, onRow: (sentMs: number) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(order.port, order.host)
    socket.setNoDelay(true)
    socket.once('error', reject)
    socket.once('data', () => resolve(socket))
    socket.on('data', chunk => {
      for (let at = chunk.indexOf(ID); at >= 0; at = chunk.indexOf(ID, at + 1)) {
        const start = at + ID.length
        onRow(Number(chunk.toString('latin1', start, chunk.indexOf(QUOTE, start))))
      }
    })
    const headers = order.authorization === undefined ? '' : `Authorization: ${order.authorization}\r\n`
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${order.host}:${order.port}\r\n${headers}\r\n`)
  })
}
