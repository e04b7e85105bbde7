import { fail } from '../../../protocol/errors.ts'
import { decodeSegment } from '../../http/request/percent.ts'

/** Escapes of escapes that are looked into for steps out of the database. */
const MAX_DECODINGS = 5
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Result of a rewrite: an absolute path, and the query that the path brought with it. */
export interface RewriteTarget {
  readonly path: string
  readonly query: string
}

/**
 * Resolves a path from a design document's own, after decoding, and encodes it again: nothing that reads the result finds
 * another path in it.
 *
 * @param isSecure whether it may not leave the database (CouchDB: `secure_rewrites`)
 * @throws `insecure_rewrite_rule` where it does
 */
export function resolveTarget(
  database: string,
  ddoc: string,
  target: string,
  isSecure: boolean,
): RewriteTarget {
  const [withQuery = ''] = target.split('#', 1)
  const question = withQuery.indexOf('?')
  const path = question < 0 ? withQuery : withQuery.slice(0, question)
  const resolved = [database, '_design', ddoc]
  for (const segment of path.split('/')) {
    const decoded = decodeSegment(segment) ?? segment
    if (decoded === '..') {
      if (isSecure && resolved.length <= 1) throw fail('insecureRewrite')
      resolved.pop()
    } else if (decoded !== '' && decoded !== '.') {
      if (isSecure && hidesSteps(decoded)) throw fail('insecureRewrite')
      resolved.push(decoded)
    }
  }
  return {
    path: `/${resolved.map(encodeURIComponent).join('/')}`,
    query: question < 0 ? '' : withQuery.slice(question + 1),
  }
}

/** Returns true if a reader that decodes once more, or takes backslashes for slashes, would find `.` or `..` in it. */
function hidesSteps(segment: string): boolean {
  let text = segment
  for (let i = 0; i < MAX_DECODINGS; i++) {
    if (text.split(/[\\/]/).some(part => part === '..' || part === '.')) return true
    const decoded = decodeSegment(text)
    if (decoded === undefined || decoded === text) return false
    text = decoded
  }
  return true
}

/**
 * The method that a rewrite function may give a request: what comes by a link or an image of a page writes nothing.
 *
 * @param own the client's
 * @throws `forbidden` for a writing method in place of one that does not write
 */
export function rewrittenMethod(own: string, wanted: string): string {
  const method = wanted.toUpperCase()
  if (!SAFE_METHODS.has(method)) {
    if (SAFE_METHODS.has(own)) throw fail('forbidden', `A rewrite does not turn ${own} into ${method}.`)
    return method
  }
  if (method === 'OPTIONS') return method
  // The answer to HEAD has no body, that to all others has one.
  return own === 'HEAD' ? 'HEAD' : 'GET'
}
