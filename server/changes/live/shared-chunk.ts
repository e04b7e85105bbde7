const CRLF = '\r\n'

/** Rows for many readers at once: the same bytes, framed once as a chunk of HTTP/1.1. */
export interface SharedChunk {
  readonly rows: Buffer
  /** The rows as a chunk of `Transfer-Encoding: chunked`. */
  readonly framed: Buffer
}

/** RFC 9112, section 7.1. */
export function sharedChunk(rows: Uint8Array): SharedChunk {
  const head = rows.length.toString(16) + CRLF
  const framed = Buffer.allocUnsafeSlow(head.length + rows.length + CRLF.length)
  framed.write(head, 'latin1')
  framed.set(rows, head.length)
  framed.write(CRLF, head.length + rows.length, 'latin1')
  return { rows: framed.subarray(head.length, head.length + rows.length), framed }
}
