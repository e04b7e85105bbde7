import {
  Agent as PlainAgent,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as plainRequest,
  type ServerResponse,
} from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { HOP_BY_HOP } from '../../http/connection/hop-by-hop.ts'
import { passBody } from '../../http/connection/pass-body.ts'
import { CLUSTER_ENDS, CLUSTER_POSITION, CLUSTER_SIGNATURE } from '../nodes/headers.ts'
import type { ClusterSignature } from '../nodes/signature.ts'
import { isClosed } from '../../http/response/is-closed.ts'

/** Those that a proxy in front adds, too. */
const OF_ONE_CONNECTION = new Set([...HOP_BY_HOP, 'proxy-connection'])
const MAX_IDLE = 256
const MAX_ANSWER_HEADERS = 1024 * 1024
const CONNECT_TIMEOUT_MS = 1000

export interface Forwarding {
  /** URL of the leader. */
  readonly to: string
  /** Aborted where the node is the leader no longer, or is silent: what has no answer until then gets none. */
  readonly signal: AbortSignal
  /** Resolves when this node has applied a position; rejects where that takes too long. */
  readonly whenApplied: (position: number) => Promise<void>
  /** Answers the client where the leader does not: nothing was sent to the client yet. `unreached` where the leader had none of it. */
  readonly onFailure: (failure: 'unreached' | 'unanswered') => void
}

/** Hands requests to the leader and its answers to the clients, byte for byte and as fast as either is taken. */
export class ClusterForwarder {
  readonly #signature: ClusterSignature
  readonly #agents: { readonly 'http:': PlainAgent; readonly 'https:': TlsAgent }

  constructor(signature: ClusterSignature) {
    this.#signature = signature
    const options = { keepAlive: true, maxFreeSockets: MAX_IDLE, noDelay: true }
    const { authorities: ca } = signature
    this.#agents = {
      'http:': new PlainAgent(options),
      'https:': new TlsAgent(ca === undefined ? options : { ...options, ca }),
    }
  }

  /** Answers a request of which nothing was read and to which nothing was said. */
  forward(req: IncomingMessage, res: ServerResponse, forwarding: Forwarding): void {
    const { protocol, hostname, port } = new URL(forwarding.to)
    const isPlain = protocol === 'http:'
    const { method = 'GET', url: path = '/' } = req
    const upstream = (isPlain ? plainRequest : tlsRequest)({
      agent: this.#agents[isPlain ? 'http:' : 'https:'],
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      method,
      path,
      headers: byName(this.#headersOf(req, method, path)),
      setHost: false,
      maxHeaderSize: MAX_ANSWER_HEADERS,
    })
    // Node would announce an empty body for a POST without one, which is not the same.
    if (!hasBody(req)) upstream.useChunkedEncodingByDefault = false
    let [answered, reached] = [false, false]
    // A network that loses packets in silence ends no attempt to connect.
    const connecting = setTimeout(() => fail(), CONNECT_TIMEOUT_MS)
    const fail = (): void => {
      clearTimeout(connecting)
      if (answered) return
      answered = true
      upstream.destroy()
      if (isClosed(res) || res.headersSent) res.destroy()
      else forwarding.onFailure(reached ? 'unanswered' : 'unreached')
    }
    const send = (): void => {
      clearTimeout(connecting)
      reached = true
      if (hasBody(req)) passBody(req, upstream)
      else upstream.end()
    }
    upstream.once('socket', socket => {
      if (socket.connecting) socket.once(isPlain ? 'connect' : 'secureConnect', send)
      else send()
    })
    forwarding.signal.addEventListener('abort', fail)
    upstream.once('response', answer => {
      if (answered) return
      answered = true
      void this.#pass(answer, res, forwarding)
    })
    upstream.on('error', fail)
    upstream.once('close', () => {
      forwarding.signal.removeEventListener('abort', fail)
      fail()
      // Of a body that nobody takes any more the rest is read, so that the connection can be used again.
      if (reached) req.resume()
    })
    res.once('close', () => {
      if (!res.writableFinished) upstream.destroy()
    })
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }

  #headersOf(req: IncomingMessage, method: string, path: string): string[] {
    const headers: string[] = []
    const { rawHeaders, socket } = req
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = rawHeaders[at]!
      const lower = name.toLowerCase()
      // Names that begin with a colon are HTTP/2's own.
      if (OF_ONE_CONNECTION.has(lower) || lower.startsWith(CLUSTER_SIGNATURE) || lower.startsWith(':'))
        continue
      headers.push(name, rawHeaders[at + 1]!)
    }
    const authority = req.headers[':authority']
    if (req.headers.host === undefined && authority !== undefined) headers.push('Host', String(authority))
    if (hasBody(req) && req.headers['content-length'] === undefined)
      headers.push('Transfer-Encoding', 'chunked')
    const { remoteAddress, remotePort, localAddress, localPort } = socket
    headers.push(CLUSTER_SIGNATURE, this.#signature.sign(method, path))
    headers.push(CLUSTER_ENDS, [remoteAddress, remotePort, localAddress, localPort].join(' '))
    return headers
  }

  /** Passes an answer on when this node has what the request wrote. */
  async #pass(answer: IncomingMessage, res: ServerResponse, { whenApplied }: Forwarding): Promise<void> {
    answer.once('error', () => res.destroy())
    answer.once('aborted', () => res.destroy())
    // The write happened: that this node is late is no reason to tell the client otherwise.
    await whenApplied(Number(answer.headers[CLUSTER_POSITION] ?? 0)).catch(() => undefined)
    if (isClosed(res)) return void answer.destroy()
    const headers: string[] = []
    const { rawHeaders, statusCode = 500, statusMessage } = answer
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const lower = rawHeaders[at]!.toLowerCase()
      if (lower !== CLUSTER_POSITION && !OF_ONE_CONNECTION.has(lower))
        headers.push(rawHeaders[at]!, rawHeaders[at + 1]!)
    }
    if (answer.headers.connection === 'close') headers.push('Connection', 'close')
    res.sendDate = false
    res.writeHead(statusCode, statusMessage, headers)
    answer.pipe(res)
    // What is there goes out with the head; a feed that has nothing yet shows its head.
    setImmediate(() => {
      if (!res.writableEnded) res.flushHeaders()
    })
  }
}

/** Returns names and values that follow one another by their names; what is there more than once is a list. */
function byName(headers: readonly string[]): OutgoingHttpHeaders {
  const values: Record<string, string | string[]> = {}
  const names = new Map<string, string>()
  for (let at = 0; at < headers.length; at += 2) {
    const [name, value] = [headers[at]!, headers[at + 1]!]
    const first = names.get(name.toLowerCase())
    if (first === undefined) {
      names.set(name.toLowerCase(), name)
      values[name] = value
    } else values[first] = [values[first]!, value].flat()
  }
  return values
}

/** HTTP/2 requests announce no length. */
function hasBody(req: IncomingMessage): boolean {
  const { headers } = req
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return true
  return (
    req.httpVersionMajor >= 2 && !req.readableEnded && !['GET', 'HEAD', 'OPTIONS'].includes(req.method ?? '')
  )
}
