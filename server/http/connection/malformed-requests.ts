import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import { encodeRequestLine } from './raw-request-line.ts'

/** Error of Node's HTTP parser about a request that it cannot read. */
interface ParseError extends Error {
  readonly code?: string
  /** The bytes that came last, and how many of them were read. */
  readonly rawPacket?: Buffer
  readonly bytesParsed?: number
}

/** Members of a connection that Node's HTTP server keeps on its socket. */
interface HttpSocket extends Socket {
  parser?: { remove?(): void; close?(): void } | null
  _httpMessage?: unknown
}

const STATUS: Readonly<Record<string, readonly [status: string, error: string, reason: string]>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'request_header_fields_too_large',
    'The request line and headers are too long.',
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'too_large', 'The chunk extensions are too long.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'timeout', 'The request did not arrive in time.'],
}
/** Bytes that are kept of requests that a client sends while it is answered, after one that has to be read again. */
const MOST_HELD = 1024 * 1024
/** Time for a client to notice that it was refused. */
const LINGER_MS = 2_000
const MALFORMED = ['400 Bad Request', 'bad_request', 'The request is not well-formed HTTP.'] as const
const NO_CONNECT = ['405 Method Not Allowed', 'method_not_allowed', 'CONNECT is not supported.'] as const

/**
 * Answers what Node's HTTP parser refuses with a JSON error. Bytes beyond ASCII in the request line, which old clients send
 * as they are and CouchDB takes, are percent-encoded, and the request is read again.
 *
 * @param event the server's event of a new connection, "secureConnection" for TLS
 */
export function answerMalformedRequests(server: Server, event: 'connection' | 'secureConnection'): void {
  server.on('clientError', (error: ParseError, socket: HttpSocket) => {
    if (socket.destroyed) return
    const refusal = STATUS[error.code ?? ''] ?? MALFORMED
    if (!isUrlError(error)) refuse(socket, refusal)
    else {
      const packet = encodedPacket(error)
      afterAnswers(socket, more => {
        if (packet === undefined) refuse(socket, refusal)
        else readAgain(server, event, socket, Buffer.concat([packet, ...more]))
      })
    }
  })
  server.on('connect', (_request: IncomingMessage, connection: Socket | ServerResponse) => {
    if ('statusCode' in connection) connection.writeHead(405).end()
    else refuse(connection, NO_CONNECT)
  })
}

function isUrlError({ code }: ParseError): boolean {
  return code === 'HPE_INVALID_URL'
}

/** The packet with its request line encoded; undefined where it has no whole one. */
function encodedPacket({ rawPacket, bytesParsed }: ParseError): Buffer | undefined {
  if (rawPacket === undefined || bytesParsed === undefined) return undefined
  return encodeRequestLine(rawPacket, bytesParsed)
}

/**
 * Calls back once the requests in front of the one that cannot be read are answered: a client may send the next before it has the answer to
 * the last. They have come whole, as a request line follows only then.
 *
 * @param then takes what came meanwhile
 */
function afterAnswers(socket: HttpSocket, then: (more: readonly Buffer[]) => void): void {
  const more: Buffer[] = []
  if (answerUnderWay(socket) === undefined) {
    then(more)
    return
  }
  let held = 0
  const hold = (chunk: Buffer): void => {
    more.push(chunk)
    held += chunk.byteLength
    if (held > MOST_HELD) socket.destroy()
  }
  // Takes the connection away from the parser, which would refuse all that comes now.
  socket.removeAllListeners('data')
  socket.on('data', hold)
  const next = (): void => {
    if (socket.destroyed) return
    const answer = answerUnderWay(socket)
    // Its place is given to the next answer once it has ended.
    if (answer !== undefined) answer.once('close', () => setImmediate(next))
    else {
      socket.off('data', hold)
      then(more)
    }
  }
  next()
}

/** The answer that is written to the connection at present. */
function answerUnderWay({ _httpMessage: message }: HttpSocket): ServerResponse | undefined {
  return typeof message === 'object' && message !== null ? (message as ServerResponse) : undefined
}

/** Hands the connection to the server as if it were new, the packet in front of what is still to come. */
function readAgain(server: Server, event: string, socket: HttpSocket, packet: Buffer): void {
  const { parser } = socket
  for (const name of ['data', 'end', 'drain', 'timeout', 'error', 'close']) socket.removeAllListeners(name)
  // A listener of its own takes the connection away from the parser; what comes meanwhile waits.
  socket.on('data', nothing)
  socket.pause()
  socket.off('data', nothing)
  parser?.remove?.()
  socket.parser = null
  socket.unshift(packet)
  server.emit(event, socket)
  socket.resume()
  // The parser is still at work when it reports an error.
  setImmediate(() => parser?.close?.())
}

const nothing = (): void => undefined

function refuse(
  socket: Socket & HttpSocket,
  [status, error, reason]: readonly [string, string, string],
): void {
  if (!socket.writable || hasBegun(socket)) {
    socket.destroy()
    return
  }
  const body = `${JSON.stringify({ error, reason })}\n`
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json',
    'Cache-Control: must-revalidate',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  discardRest(socket)
}

/** Reads what the client still sends before it closes: closed with bytes unread, a connection is reset, and the answer may be lost with it. */
function discardRest(socket: Socket): void {
  socket.removeAllListeners('data')
  socket.on('data', nothing).on('end', () => socket.destroy())
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
}

/** Returns true if another answer has begun on the socket, which nothing may be written into. */
function hasBegun(socket: HttpSocket): boolean {
  return answerUnderWay(socket)?.headersSent === true
}
