import { readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { isMainThread } from 'node:worker_threads'

/** Names the socket on which the figures are told. */
export const SOCKET = 'STALLS_SOCKET'

/** Most milliseconds of processor time between two turns of a timer, and all of them, since the last question. */
export interface LoopFigures {
  readonly longest: number
  readonly total: number
}

/**
 * Loaded into a server before its own code: measures how long its main thread works before a timer has its turn. It
 * counts processor time, so that what else the machine does is no stall of the server (Linux).
 */
function measure(path: string): void {
  const spent = (): number =>
    Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6
  let [from, last, longest] = [spent(), spent(), 0]
  const note = (): number => {
    const now = spent()
    longest = Math.max(longest, now - last)
    return (last = now)
  }
  setInterval(note, 1).unref()
  const told = createServer(socket => {
    const now = note()
    const figures: LoopFigures = { longest, total: now - from }
    socket.end(JSON.stringify(figures))
    from = now
    longest = 0
  })
  rmSync(path, { force: true })
  told.listen(path).unref()
}

const path = process.env[SOCKET]
if (isMainThread && path !== undefined) measure(path)
