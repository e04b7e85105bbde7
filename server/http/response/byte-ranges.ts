import { fail } from '../../../protocol/errors.ts'

/** First and last byte, both included. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

const MAX_RANGES = 9

/**
 * The ranges that a Range header asks for, cut to the length; undefined where the whole is to be sent: without a header,
 * for one that cannot be read, for "from 0 on" and for ten ranges and more (CouchDB: chttpd_db:parse_ranges/2). A suffix
 * longer than the whole is the whole (RFC 9110, 14.1.2).
 *
 * @throws `requested_range_not_satisfiable`
 */
export function parseByteRanges(header: string | undefined, length: number): ByteRange[] | undefined {
  const specs = header?.startsWith('bytes=') === true ? header.slice('bytes='.length).split(',') : []
  const ranges: ByteRange[] = []
  for (const spec of specs.map(spec => spec.trim())) {
    if (spec === '') continue
    const parts = /^(\d*)-(\d*)$/.exec(spec)
    if (parts === null || spec === '-') return undefined
    const range = cut(parts[1] ?? '', parts[2] ?? '', length)
    if (range === undefined) return undefined
    if (range.last < range.first) throw fail('rangeNotSatisfiable')
    ranges.push(range)
  }
  return ranges.length === 0 || ranges.length > MAX_RANGES ? undefined : ranges
}

function cut(first: string, last: string, length: number): ByteRange | undefined {
  if (first === '') return { first: Math.max(0, length - Number(last)), last: length - 1 }
  if (last === '') return Number(first) === 0 ? undefined : { first: Number(first), last: length - 1 }
  // A range that ends before it begins is refused even where it would begin behind the end.
  return Number(last) < Number(first)
    ? { first: Number(first), last: Number(last) }
    : { first: Number(first), last: Math.min(Number(last), length - 1) }
}

/** The value of a Content-Range header. */
export function contentRange({ first, last }: ByteRange, length: number): string {
  return `bytes ${first}-${last}/${length}`
}
