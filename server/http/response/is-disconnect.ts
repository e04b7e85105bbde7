/** Returns whether an error is of a client that left, or broke the protocol of its connection: a normal day. */
export function isDisconnect(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return DISCONNECTS.includes(code) || code.startsWith(BROKEN_REQUEST) || BROKEN_STREAM.test(code)
}

/** Those of HTTP/2 come to all streams of a connection whose client broke its rules. */
const DISCONNECTS = [
  ...['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'ABORT_ERR'],
  ...['ERR_HTTP2_ERROR', 'ERR_HTTP2_STREAM_ERROR', 'ERR_HTTP2_SESSION_ERROR'],
]

/** A stream or connection of HTTP/2 that the client reset, broke or left. */
const BROKEN_STREAM =
  /^ERR_HTTP2_(?:STREAM_ERROR|STREAM_CANCEL|SESSION_ERROR|INVALID_STREAM|INVALID_SESSION|GOAWAY_SESSION|ERROR)$/

/** A body that is no HTTP, or ends too early: Node answers 400 and closes the connection. */
const BROKEN_REQUEST = 'HPE_'
