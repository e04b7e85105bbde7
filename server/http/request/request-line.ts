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
  if (ctx.method === 'POST') overrideMethod(ctx)
  // An absolute address has slashes of its own.
  if (!url.startsWith('/')) return
  const question = url.indexOf('?')
  const path = question < 0 ? url : url.slice(0, question)
  const taken = withLiteralPlus(ctx, path.includes('//') ? path.replace(/\/{2,}/g, '/') : path)
  if (taken !== path) ctx.url = taken + url.slice(path.length)
}

function overrideMethod(ctx: HttpContext): void {
  const method = ctx.req.headers['x-http-method-override']
  if (typeof method !== 'string' || !OVERRIDING.has(method)) return
  // To a POST a body is answered, whatever it stands for.
  ctx.method = method === 'HEAD' ? 'GET' : method
}

function withLiteralPlus(ctx: HttpContext, path: string): string {
  if (!path.includes('+') || ctx.services.config.boolean('chttpd', 'decode_plus_to_space')) return path
  return path.replaceAll('+', '%2B')
}
