import type { Config } from '../../config/config.ts'
import type { HttpContext } from '../context.ts'
import { BODY_TIME } from '../request/body-time.ts'
import { originOf } from '../request/origin.ts'
import { nextRequestId } from '../request/request-id.ts'

/** The headers of every answer: who answers, under which id, and what browsers must not do with it. */
export function secureHeaders(ctx: HttpContext): void {
  const { res, services } = ctx
  res.setHeader('Server', services.serverHeader)
  res.setHeader('X-Couch-Request-ID', (ctx.state.requestId = givenRequestId(ctx) ?? nextRequestId()))
  res.setHeader(BODY_TIME, '0')
  res.setHeader('X-Content-Type-Options', 'nosniff')
  if (services.config.boolean('chttpd', 'enable_xframe_options')) {
    ctx.set('X-Frame-Options', frameOptions(services.config, originOf(ctx)))
  }
}

/** Request ids that may be written to the log as they are. */
const REQUEST_ID = /^[\w-]{1,64}$/

/** A proxy in front may name the requests. */
function givenRequestId(ctx: HttpContext): string | undefined {
  const given = ctx.req.headers['x-couch-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : undefined
}

/** Asks browsers for a name and password where the configuration, or the client, wants it so (`couch_httpd:error_headers/4`). */
export function challenge(ctx: HttpContext): void {
  const { config } = ctx.services
  const asked = ctx.get('X-CouchDB-WWW-Authenticate') || config.text('chttpd', 'WWW-Authenticate')
  if (asked !== '') ctx.set('WWW-Authenticate', asked)
  else if (config.boolean('chttpd', 'require_valid_user')) {
    ctx.set('WWW-Authenticate', 'Basic realm="server"')
  }
}

/** `[x_frame_options]` (`chttpd_xframe_options`). */
function frameOptions(config: Config, origin: string): string {
  if (config.boolean('x_frame_options', 'same_origin')) return 'SAMEORIGIN'
  const hosts = config.list('x_frame_options', 'hosts')
  return hosts.includes('*') || hosts.includes(origin) ? `ALLOW-FROM ${origin}` : 'DENY'
}
