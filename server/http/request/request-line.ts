import type { IncomingMessage } from 'node:http'
import { fail } from '../../../protocol/errors.ts'
import type { HttpContext } from '../context.ts'

/** A percent sign that begins no escape. */
const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/

/** Methods that `X-HTTP-Method-Override` may name (CouchDB: chttpd:handle_request_int/1). */
const OVERRIDING = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'CONNECT', 'COPY'])

/**
 * Takes method and path as CouchDB does: slashes that follow one another count as one, `X-HTTP-Method-Override` of a
 * POST is its method, and `[chttpd] decode_plus_to_space` says what a plus in a path is.
 *
 * @throws `bad_request` for a broken percent escape, in the query too
 */
export function readRequestLine(ctx: HttpContext): void {
  const { url } = ctx
  if (url.includes('%') && BROKEN_ESCAPE.test(url)) throw fail('badRequest', 'invalid_url_encoding')
  if (ctx.method === 'POST') ctx.method = methodOf(ctx.req)
  // An absolute address has slashes of its own.
  if (!url.startsWith('/')) return
  const question = url.indexOf('?')
  const path = question < 0 ? url : url.slice(0, question)
  const taken = withLiteralPlus(ctx, path.includes('//') ? path.replace(/\/{2,}/g, '/') : path)
  if (taken !== path) ctx.url = taken + url.slice(path.length)
}

/** Returns the method of a request, which the `X-HTTP-Method-Override` of a POST may name. */
export function methodOf({ method = 'GET', headers }: Pick<IncomingMessage, 'method' | 'headers'>): string {
  const named = headers['x-http-method-override']
  if (method !== 'POST' || typeof named !== 'string' || !OVERRIDING.has(named)) return method
  // To a POST a body is answered, whatever it stands for.
  return named === 'HEAD' ? 'GET' : named
}

function withLiteralPlus(ctx: HttpContext, path: string): string {
  if (!path.includes('+') || ctx.services.config.boolean('chttpd', 'decode_plus_to_space')) return path
  return path.replaceAll('+', '%2B')
}
