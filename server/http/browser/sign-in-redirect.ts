import type { CouchError } from '../../../protocol/errors.ts'
import { acceptsType } from '../request/accept.ts'
import type { HttpContext } from '../context.ts'
import { originOf } from '../request/origin.ts'

/**
 * Returns whether the answer to a request without rights is a redirect to the page for signing in, whose `Location` is
 * then set (`chttpd:error_headers/4`). It is for clients that take HTML and no JSON. Browsers, which take anything in the
 * end, say that they navigate (`Sec-Fetch-Mode`); CouchDB does not look at that and answers them with JSON.
 */
export function redirectsToSignIn(ctx: HttpContext, error: CouchError): boolean {
  const { config } = ctx.services
  if (error.status !== 401 || error.error !== 'unauthorized') return false
  if (ctx.get('X-CouchDB-WWW-Authenticate') !== '' || config.text('chttpd', 'WWW-Authenticate') !== '')
    return false
  const page = config.text('chttpd_auth', 'authentication_redirect')
  if (page === '' || config.boolean('chttpd', 'require_valid_user')) return false
  if (!wantsPage(ctx)) return false
  const target = `?return=${encode(pathOf(ctx))}&reason=${encode(error.reason)}`
  ctx.set('Location', new URL(page + target, originOf(ctx)).href)
  return true
}

function wantsPage(ctx: HttpContext): boolean {
  if (!acceptsType(ctx, 'text/html')) return false
  return !acceptsType(ctx, 'application/json') || isNavigation(ctx)
}

function isNavigation(ctx: HttpContext): boolean {
  const named = /(^|,)\s*text\/html\s*($|[,;])/i.test(ctx.get('Accept'))
  return named && ctx.get('Sec-Fetch-Mode') === 'navigate' && ctx.get('Sec-Fetch-Dest') === 'document'
}

/** The path that was asked for, decoded, without its query. */
function pathOf(ctx: HttpContext): string {
  const path = ctx.originalUrl.split('?', 1)[0] ?? '/'
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** Percent-encodes as `couch_util:url_encode/1` does: all but letters, digits and `_.-:`. */
function encode(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%3A', ':')
    .replace(/[!'()*~]/g, mark => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}
