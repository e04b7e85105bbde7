import { createServer, request as forward } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** What becomes of one request on its way. */
export type Fault =
  | { readonly kind: 'pass' }
  /** Answered by the proxy itself. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly headers?: Record<string, string>
      readonly body?: string
    }
  /** The connection is cut after so many bytes of the request's or the answer's body. */
  | { readonly kind: 'cut-request' | 'cut-response'; readonly after: number }
  /** Nothing more is sent after so many bytes of the answer, and nothing is closed. */
  | { readonly kind: 'stall'; readonly after: number }
  /** Answered, then closed, although the client may think that the connection lives. */
  | { readonly kind: 'close-after' }

export const PASS: Fault = { kind: 'pass' }

/** A proxy in front of one server, on a port of its own, that does to requests what it is told. */
export class FaultyProxy {
  readonly url: string
  /** Asked for each request, in the order they come. */
  fault: (request: IncomingMessage) => Fault = () => PASS
  requests = 0
  readonly #close: () => void

  private constructor(url: string, close: () => void) {
    this.url = url
    this.#close = close
  }

  /** @param target a server's URL; credentials in it stay in the proxy's */
  static async start(target: string): Promise<FaultyProxy> {
    const { hostname, port, username, password } = new URL(target)
    const sockets = new Set<Socket>()
    const server = createServer((req, res) => proxy.#handle(req, res, hostname, port))
    server.on('connection', socket => sockets.add(socket.on('close', () => sockets.delete(socket))))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const own = `http://${username}:${password}@127.0.0.1:${(server.address() as AddressInfo).port}`
    const proxy = new FaultyProxy(own, () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    })
    return proxy
  }

  close(): void {
    this.#close()
  }

  #handle(req: IncomingMessage, res: ServerResponse, hostname: string, port: string): void {
    this.requests++
    const fault = this.fault(req)
    if (fault.kind === 'status') {
      req.resume()
      res.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers })
      res.end(fault.body ?? '{"error":"injected","reason":"injected"}')
      return
    }
    const { method, headers, url: path } = req
    const onward = forward({ hostname, port, method, headers, path, agent: false }, answer => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      relay(answer, fault, res)
    })
    onward.on('error', () => req.socket.destroy())
    res.on('close', () => onward.destroy())
    if (fault.kind === 'cut-request') cutAfter(req, fault.after, () => req.socket.destroy())
    req.pipe(onward)
  }
}

function relay(answer: IncomingMessage, fault: Fault, res: ServerResponse): void {
  answer.on('error', () => res.destroy())
  if (fault.kind === 'cut-response') cutAfter(answer, fault.after, () => res.socket?.destroy())
  if (fault.kind === 'stall') {
    let sent = 0
    answer.on('data', (chunk: Buffer) => {
      const room = Math.max(0, fault.after - sent)
      sent += chunk.length
      if (room > 0) res.write(chunk.subarray(0, room))
    })
    return
  }
  if (fault.kind === 'close-after') answer.on('end', () => setImmediate(() => res.socket?.destroy()))
  answer.pipe(res)
}

function cutAfter(stream: IncomingMessage, bytes: number, cut: () => void): void {
  let seen = 0
  if (bytes === 0) return cut()
  stream.on('data', (chunk: Buffer) => {
    seen += chunk.length
    if (seen >= bytes) cut()
  })
}
