import type Router from '@koa/router'
import { fail } from '../../../protocol/errors.ts'
import { DASHBOARD_DIRECTORY, type StaticFile, StaticFiles } from '../../dashboard/static-files.ts'
import { acceptsEncoding } from '../../http/request/accept.ts'
import type { RequestContext, RequestState } from '../../http/context.ts'
import { endpoint } from '../../routing/route.ts'
import { originOf } from '../../http/request/origin.ts'
import { notModified } from '../../http/response/reply.ts'

/** The web interface: static files, which speak to the server through its HTTP API as every other client does. */
export function dashboardRoutes(router: Router<RequestState>, directory = DASHBOARD_DIRECTORY): void {
  const files = new StaticFiles(directory)
  const icon = (ctx: RequestContext) => send(ctx, files.get('icon.svg'))
  endpoint(router, '/favicon.ico', { GET: icon, HEAD: icon })
  const file = (ctx: RequestContext) => send(ctx, files.get(fileName(ctx.params.file ?? '')))
  endpoint(router, '/_utils/*file', { GET: file, HEAD: file })
  const start = (ctx: RequestContext) =>
    ctx.path.endsWith('/') ? send(ctx, files.get('index.html')) : redirectToStart(ctx)
  endpoint(router, '/_utils', { GET: start, HEAD: start })
}

/** CouchDB's page for signing in, where `authentication_redirect` leads, is a view of the one page that there is. */
function fileName(path: string): string {
  return path === 'session.html' ? 'index.html' : path
}

function redirectToStart(ctx: RequestContext): void {
  ctx.redirect(`${originOf(ctx)}/_utils/`)
  ctx.status = 301
  ctx.body = ''
}

/**
 * What the page may do: run its own scripts and styles, speak to its own server, show images that it made itself. No
 * script or style stands in the page, nothing else may frame it, and forms go nowhere else.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  'media-src blob:',
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const ONE_YEAR = 'public, max-age=31536000, immutable'

async function send(ctx: RequestContext, file: StaticFile | undefined): Promise<void> {
  if (file === undefined) throw fail('missing')
  ctx.status = 200
  ctx.set('Cache-Control', file.immutable ? ONE_YEAR : 'no-cache')
  ctx.set('Content-Security-Policy', CONTENT_SECURITY_POLICY)
  ctx.set('X-Frame-Options', 'DENY')
  ctx.set('Referrer-Policy', 'no-referrer')
  ctx.set('Cross-Origin-Opener-Policy', 'same-origin')
  ctx.set('Cross-Origin-Resource-Policy', 'same-origin')
  ctx.set('Vary', 'Accept-Encoding')
  if (notModified(ctx, file.etag)) return
  const gzipped = acceptsEncoding(ctx, 'gzip') ? await file.gzipped() : undefined
  ctx.set('Content-Type', file.contentType)
  if (gzipped !== undefined) ctx.set('Content-Encoding', 'gzip')
  const body = gzipped ?? file.bytes
  ctx.length = body.length
  ctx.body = body
}
