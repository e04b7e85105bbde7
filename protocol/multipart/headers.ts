import { fail } from '../errors.ts'

const FOLDED = /\r\n[ \t]/

/** The headers of a part: names in lower case, the last of duplicates, values trimmed and read as UTF-8. */
export type PartHeaders = ReadonlyMap<string, string>

/**
 * Reads a part's header block, the lines between the boundary and the empty line. Folded lines (RFC 2822, 2.2.3) are
 * joined.
 *
 * @throws `bad_request` where a line has no colon
 */
export function parsePartHeaders(block: Buffer): PartHeaders {
  const headers = new Map<string, string>()
  const given = block.toString('utf8')
  const text = FOLDED.test(given) ? given.replace(/\r\n[ \t]+/g, ' ') : given
  for (const line of text.split('\r\n')) {
    if (line === '') continue
    const colon = line.indexOf(':')
    if (colon < 1) throw fail('malformedMultipart', 'a part has a malformed header')
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return headers
}
