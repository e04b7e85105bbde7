import { METHODS } from 'node:http'

const NEWLINE = 0x0a
const FIRST_BEYOND_ASCII = 0x80
/** A request line, behind the last bytes of the body of the request before it. */
const REQUEST_LINE = new RegExp(`(?:${METHODS.join('|')}) \\S+ HTTP/1\\.\\d\\r?$`)

/**
 * Percent-encodes the bytes beyond ASCII of the request line that an offset lies in.
 *
 * @param packet bytes of a connection, the earlier ones of which were read
 * @param offset of a byte in a request line
 * @returns the request line and what follows it; undefined where the packet does not have the whole line, or has no such
 *   byte at the offset
 */
export function encodeRequestLine(packet: Buffer, offset: number): Buffer | undefined {
  if ((packet[offset] ?? 0) < FIRST_BEYOND_ASCII) return undefined
  const start = packet.lastIndexOf(NEWLINE, offset) + 1
  const end = packet.indexOf(NEWLINE, offset)
  const line = packet.toString('latin1', start, end)
  const requestLine = end < 0 ? undefined : REQUEST_LINE.exec(line)?.[0]
  if (requestLine === undefined) return undefined
  const encoded = requestLine.replace(
    /[\x80-\xff]/g,
    byte => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return Buffer.concat([Buffer.from(encoded, 'latin1'), packet.subarray(end)])
}
