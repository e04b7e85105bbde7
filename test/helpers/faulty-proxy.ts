import { Agent, createServer, request as ask } from 'node:http'
import type { ClientRequest, IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { Line } from './faults/line.ts'

/** A request as it arrives at the proxy. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  /** Requests are numbered from 0. */
  readonly number: number
}

/** A fault of a request. */
export type Fault =
  /** The proxy answers in the peer's place. */
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
    }
  /** The connection is cut when so many bytes of the request's body have gone to the peer. */
  | { readonly kind: 'cut request'; readonly after: number }
  /** The connection is cut when so many bytes of the answer, its head among them, have come back. */
  | { readonly kind: 'cut answer'; readonly after: number }
  /** Nothing follows after so many bytes of the answer, and the connection stays. */
  | { readonly kind: 'stall'; readonly after: number }
  /** Nothing of the request is read after so many bytes of its body, and the connection stays. */
  | { readonly kind: 'stall request'; readonly after: number }
  /** The connection is closed, unannounced, when the answer has been given. */
  | { readonly kind: 'close after' }
  /** The peer is asked for JSON whatever the request accepts. */
  | { readonly kind: 'json only' }

/** Says what goes wrong with a request, if anything. */
export type Script = (request: SeenRequest) => Fault | undefined

export interface FaultyProxy {
  /** With the peer's credentials. */
  readonly url: string
  /** May be changed at any time. */
  script: Script
  readonly requests: readonly SeenRequest[]
  /** How many requests went wrong. */
  readonly faults: number
  /** Closes all connections; idempotent. */
  close(): Promise<void>
}

/** Nothing goes wrong. */
export const honest: Script = () => undefined

/** A proxy before a peer, on a port of its own, that passes everything on but for the faults of its script. */
export async function startProxy(peer: string, script: Script = honest): Promise<FaultyProxy> {
  const proxy = new Proxy(new URL(peer), script)
  await proxy.listen()
  return proxy
}

class Proxy implements FaultyProxy {
  script: Script
  readonly requests: SeenRequest[] = []
  faults = 0
  readonly #peer: URL
  readonly #agent = new Agent({ keepAlive: true })
  readonly #http: Server
  readonly #tcp = createTcpServer(socket => this.#connected(socket))
  readonly #lines = new Set<Line>()

  constructor(peer: URL, script: Script) {
    this.#peer = peer
    this.script = script
    this.#http = createServer((request, response) => this.#pass(request, response))
  }

  get url(): string {
    const { port } = this.#tcp.address() as AddressInfo
    const { username, password } = this.#peer
    return `http://${username}:${password}@127.0.0.1:${port}`
  }

  listen(): Promise<void> {
    return new Promise(resolve => this.#tcp.listen(0, '127.0.0.1', resolve))
  }

  async close(): Promise<void> {
    this.#tcp.close()
    for (const line of this.#lines) line.destroy()
    this.#http.close()
    this.#agent.destroy()
  }

  #connected(socket: Socket): void {
    const line = new Line(socket)
    this.#lines.add(line)
    line.once('close', () => this.#lines.delete(line))
    this.#http.emit('connection', line)
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const line = request.socket as unknown as Line
    const seen = { method: request.method ?? '', path: request.url ?? '', number: this.requests.length }
    this.requests.push(seen)
    const fault = this.script(seen)
    if (fault) this.faults++
    if (fault?.kind === 'answer') return answerWith(fault, request, response)
    if (fault?.kind === 'cut answer') line.endAfter(fault.after, 'cut')
    if (fault?.kind === 'stall') line.endAfter(fault.after, 'stall')
    if (fault?.kind === 'close after') response.once('finish', () => setImmediate(() => line.destroy()))
    const onward = this.#ask(request, response, line)
    if (fault?.kind === 'json only') onward.setHeader('accept', 'application/json')
    if (fault?.kind === 'cut request') cutRequest(request, onward, line, fault.after)
    else if (fault?.kind === 'stall request') stallRequest(request, onward, fault.after)
    else request.pipe(onward)
  }

  #ask(request: IncomingMessage, response: ServerResponse, line: Line): ClientRequest {
    const { hostname, port } = this.#peer
    const onward = ask(
      { hostname, port, method: request.method, path: request.url, agent: this.#agent },
      answer => {
        response.writeHead(answer.statusCode ?? 502, ownHeaders(answer.rawHeaders))
        answer.on('error', () => line.destroy())
        answer.pipe(response)
      },
    )
    for (const [name, value] of Object.entries(request.headers)) {
      if (value !== undefined && !HOP.has(name)) onward.setHeader(name, value)
    }
    onward.on('error', () => line.destroy())
    const leave = (): unknown => onward.destroy()
    line.once('close', leave)
    onward.once('close', () => line.off('close', leave))
    return onward
  }
}

const HOP = new Set(['connection', 'keep-alive'])

function ownHeaders(raw: readonly string[]): string[] {
  return raw.filter((_, at) => !HOP.has((raw[at - (at % 2)] ?? '').toLowerCase()))
}

const JSON_TYPE = { 'content-type': 'application/json' }

function answerWith(
  { status, headers, body = '{"error":"fault","reason":"of the proxy"}' }: Fault & { kind: 'answer' },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  request.resume()
  request.once('end', () => response.writeHead(status, { ...JSON_TYPE, ...headers }).end(body))
}

function cutRequest(request: IncomingMessage, onward: ClientRequest, line: Line, after: number): void {
  let left = after
  const cut = (): void => {
    line.destroy()
    onward.destroy()
  }
  request.on('data', (chunk: Buffer) => {
    onward.write(chunk.subarray(0, left))
    left -= chunk.length
    if (left <= 0) cut()
  })
  request.once('end', cut)
}

function stallRequest(request: IncomingMessage, onward: ClientRequest, after: number): void {
  let left = after
  request.on('data', (chunk: Buffer) => {
    onward.write(chunk.subarray(0, left))
    left -= chunk.length
    if (left <= 0) request.pause()
  })
}
