import { Agent, type IncomingMessage, request, type RequestOptions, type ServerResponse } from 'node:http'
import { fail } from '../../../protocol/errors.ts'
import { HOP_BY_HOP } from '../../http/connection/hop-by-hop.ts'
import { passBody } from '../../http/connection/pass-body.ts'
import { isClosed } from '../../http/response/is-closed.ts'
import { LINK_APPROVAL, LINK_BODYLESS, LINK_ENDS, LINK_TOKEN } from '../link-headers.ts'
import type { Approval, FrontThreadData } from '../messages.ts'

const NOT_FROM_CLIENTS = new Set([LINK_TOKEN, LINK_ENDS, LINK_BODYLESS])
const MAX_IDLE = 256

/** Times that a request which only reads is sent again, and the pause before the first, which doubles. */
const MAX_FAILURES = 4
const FIRST_PAUSE_MS = 20

/** Headers of an answer, in bytes: functions of design documents set them. */
const MAX_ANSWER_HEADERS = 1024 * 1024

/** Hands requests to the store thread and their answers to the clients, byte for byte and as fast as either is taken. */
export class Forwarder {
  readonly #link: FrontThreadData['link']
  readonly #onApproval: (req: IncomingMessage, approval: Approval) => void
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: MAX_IDLE, noDelay: true })

  constructor(link: FrontThreadData['link'], onApproval: (req: IncomingMessage, approval: Approval) => void) {
    this.#link = link
    this.#onApproval = onApproval
  }

  /**
   * Answers a request of which nothing was read and to which nothing was said. A connection to the store thread that breaks is no
   * reason to break the client's: what only reads is asked again, and the rest answered with 503.
   */
  forward(req: IncomingMessage, res: ServerResponse): void {
    this.#forward(req, res, 0)
  }

  close(): void {
    this.#agent.destroy()
  }

  #forward(req: IncomingMessage, res: ServerResponse, failures: number): void {
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    // Where the routes began here they may have put functions of their own before those that write the answer.
    for (const name of ['writeHead', 'write', 'end']) Reflect.deleteProperty(res, name)
    const { method = 'GET', url: path = '/' } = req
    const headers: readonly string[] = this.#headersOf(req)
    const socketPath = this.#link.path
    const options: RequestOptions = {
      agent: this.#agent,
      socketPath,
      method,
      path,
      headers,
      setHost: false,
      maxHeaderSize: MAX_ANSWER_HEADERS,
    }
    const upstream = request(options)
    let answered = false
    upstream.once('response', answer => {
      answered = true
      this.#pass(req, answer, res)
    })
    // After an answer what is left of the request is nobody's business.
    const leave = (): void => {
      if (!res.writableFinished) upstream.destroy()
    }
    upstream.on('error', () => {
      if (answered) return
      answered = true
      res.off('close', leave)
      if (isClosed(res)) return
      if (!isRead(req) || failures >= MAX_FAILURES) return refuse(req, res)
      setTimeout(() => this.#forward(req, res, failures + 1), FIRST_PAUSE_MS * 2 ** failures)
    })
    res.once('close', leave)
    // Of a body that nobody takes any more the rest is read, so that the connection can be used again.
    upstream.once('close', () => req.resume())
    if (!hasBody(req)) return void upstream.end()
    passBody(req, upstream)
    // The head goes out with the first bytes of the body; who may not send one is told so without them.
    setImmediate(() => upstream.flushHeaders())
  }

  #headersOf(req: IncomingMessage): string[] {
    const headers: string[] = []
    const { rawHeaders, socket } = req
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = rawHeaders[at]!
      const lower = name.toLowerCase()
      if (HOP_BY_HOP.has(lower) || NOT_FROM_CLIENTS.has(lower)) continue
      headers.push(name, rawHeaders[at + 1]!)
    }
    if (req.headers['transfer-encoding'] !== undefined) headers.push('Transfer-Encoding', 'chunked')
    if (!hasBody(req)) headers.push(LINK_BODYLESS, '1')
    const { remoteAddress, remotePort, localAddress, localPort } = socket
    headers.push(LINK_TOKEN, this.#link.token)
    headers.push(LINK_ENDS, [remoteAddress, remotePort, localAddress, localPort].join(' '))
    return headers
  }

  #pass(req: IncomingMessage, answer: IncomingMessage, res: ServerResponse): void {
    const headers: string[] = []
    const { rawHeaders, statusCode = 500, statusMessage } = answer
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = rawHeaders[at]!
      const lower = name.toLowerCase()
      if (lower === LINK_APPROVAL) this.#onApproval(req, approvalOf(rawHeaders[at + 1]!))
      else if (!HOP_BY_HOP.has(lower)) headers.push(name, rawHeaders[at + 1]!)
    }
    if (answer.headers.connection === 'close') headers.push('Connection', 'close')
    res.sendDate = false
    res.writeHead(statusCode, statusMessage, headers)
    answer.once('error', () => res.destroy())
    answer.once('aborted', () => res.destroy())
    answer.pipe(res)
    // What is there goes out with the head; a feed that has nothing yet shows its head.
    setImmediate(() => {
      if (!res.writableEnded) res.flushHeaders()
    })
  }
}

/** Returns whether a request can be sent twice. */
function isRead(req: IncomingMessage): boolean {
  return (req.method === 'GET' || req.method === 'HEAD') && !hasBody(req)
}

function refuse(req: IncomingMessage, res: ServerResponse): void {
  const { status, error, reason } = fail('storeThreadAway')
  const text = `${JSON.stringify({ error, reason })}\n`
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'retry-after': '1',
    // What is left of a body is not waited for.
    ...(req.readableEnded || !hasBody(req) ? {} : { connection: 'close' }),
  })
  res.end(text)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
}

function approvalOf(header: string): Approval {
  return JSON.parse(Buffer.from(header, 'base64url').toString()) as Approval
}
