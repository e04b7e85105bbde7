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
    const again = isUrlError(error) ? encodedPacket(error, socket) : undefined
    if (again === undefined) refuse(socket, STATUS[error.code ?? ''] ?? MALFORMED)
    else readAgain(server, event, socket, again)
  })
  server.on('connect', (_request: IncomingMessage, connection: Socket | ServerResponse) => {
    if ('statusCode' in connection) connection.writeHead(405).end()
    else refuse(connection, NO_CONNECT)
  })
}

function isUrlError({ code }: ParseError): boolean {
  return code === 'HPE_INVALID_URL'
}

/** The packet with its request line encoded; undefined where it has no whole one, or another answer is under way. */
function encodedPacket({ rawPacket, bytesParsed }: ParseError, socket: HttpSocket): Buffer | undefined {
  if (rawPacket === undefined || bytesParsed === undefined) return undefined
  if (socket._httpMessage !== undefined && socket._httpMessage !== null) return undefined
  return encodeRequestLine(rawPacket, bytesParsed)
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
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroySoon()
}

/** Returns true if another answer has begun on the socket, which nothing may be written into. */
function hasBegun({ _httpMessage: message }: HttpSocket): boolean {
  return typeof message === 'object' && message !== null && (message as ServerResponse).headersSent
}
