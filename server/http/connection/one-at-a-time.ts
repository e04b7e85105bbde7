import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

type Handle = (req: IncomingMessage, res: ServerResponse) => void

/** Requests that may wait behind another of their connection; nobody who means well sends so many ahead of their answers. */
const MAX_WAITING = 1000

interface Line {
  /** Answer of the request that was begun last. */
  last: ServerResponse
  readonly waiting: (readonly [req: IncomingMessage, res: ServerResponse])[]
}

/**
 * Begins each request of a connection of HTTP/1.1 when the one before it is answered, so that a client that sends thousands ahead has one
 * carried out at a time. Node.js gives an answer its socket when its turn comes, and tells no answer before that of the end of the
 * connection: what such requests had opened would be kept for ever.
 */
export function oneAtATime(handle: Handle): Handle {
  const lines = new WeakMap<Socket, Line>()
  return (req, res) => {
    if (req.httpVersionMajor > 1) return handle(req, res)
    const { socket } = req
    const line = lines.get(socket)
    if (line === undefined) lines.set(socket, { last: res, waiting: [] })
    else if (line.waiting.length === 0 && isDone(line.last)) line.last = res
    else return wait(line, handle, req, res)
    handle(req, res)
  }
}

function wait(line: Line, handle: Handle, req: IncomingMessage, res: ServerResponse): void {
  line.waiting.push([req, res])
  if (line.waiting.length === 1) line.last.once('close', () => next(line, handle))
  if (line.waiting.length > MAX_WAITING) req.socket.destroy()
}

function next(line: Line, handle: Handle): void {
  const first = line.waiting.shift()
  if (first === undefined) return
  const [req, res] = first
  if (req.socket.destroyed) return void (line.waiting.length = 0)
  line.last = res
  if (line.waiting.length > 0) res.once('close', () => next(line, handle))
  handle(req, res)
}

function isDone(res: ServerResponse): boolean {
  return res.writableFinished || res.closed || res.destroyed
}
