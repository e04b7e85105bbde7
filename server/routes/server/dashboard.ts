import { fail } from '../../../protocol/errors.ts'
import { DASHBOARD_DIRECTORY, StaticFiles } from '../../dashboard/static-files.ts'
import { acceptsEncoding } from '../../http/request/accept.ts'
import type { RequestContext } from '../context.ts'
import { originOf } from '../../http/request/origin.ts'
import { notModified } from '../../http/response/reply.ts'

/** The web interface: static files, which speak to the server through its HTTP API as every other client does. */
export async function getFile(ctx: RequestContext): Promise<void> {
  const path = ctx.rest.join('/')
  await send(ctx, path === 'session.html' ? START_PAGE : path)
}

export async function getIcon(ctx: RequestContext): Promise<void> {
  await send(ctx, 'icon.svg')
}

export async function getStartPage(ctx: RequestContext): Promise<void> {
  if (ctx.path.endsWith('/')) return send(ctx, START_PAGE)
  ctx.redirect(`${originOf(ctx)}/_utils/`)
  ctx.status = 301
  ctx.body = ''
}

/** CouchDB's page for signing in, where `authentication_redirect` leads, is a view of the one page that there is. */
const START_PAGE = 'index.html'

/**
 * Lets the page run its own scripts and styles, speak to its own server and show images that it made itself. No script
 * or style stands in the page, nothing else may frame it, and forms go nowhere else.
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

let files: StaticFiles | undefined

async function send(ctx: RequestContext, path: string): Promise<void> {
  files ??= new StaticFiles(DASHBOARD_DIRECTORY)
  const file = files.get(path)
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
