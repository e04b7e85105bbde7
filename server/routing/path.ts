import { decodeSegment } from '../http/request/percent.ts'
import type { PathSegment } from './route.ts'

/**
 * Splits a path into decoded segments, none for the server's root. Slashes that follow one another count as one, and those
 * at the end as none (`chttpd:handle_request_int/1`).
 */
export function splitPath(path: string): PathSegment[] {
  const segments: PathSegment[] = []
  for (const part of path.split('/')) if (part !== '') segments.push(decodeSegment(part) ?? null)
  return segments
}

/**
 * Returns the segments behind that of the database, empty text for those that are not UTF-8. The name of a design document
 * is a segment of its own, however the slash before it was written.
 */
export function segmentsInDatabase([, ...below]: readonly PathSegment[]): string[] {
  const [first, ...rest] = below.map(segment => segment ?? '')
  if (first === undefined) return []
  const [, prefix, name] = /^(_design|_local)\/(.*)$/s.exec(first) ?? []
  return prefix === undefined || name === undefined ? [first, ...rest] : [prefix, name, ...rest]
}
