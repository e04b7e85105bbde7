import type { Config } from '../../config/config.ts'
import type { HttpContext } from '../context.ts'

/** Where clients see the server, "https://db.example": a proxy in front of it says so in its headers, as for CouchDB. */
export function originOf(ctx: HttpContext): string {
  const { config } = ctx.services
  const host = forwarded(ctx, config, 'x_forwarded_host') || ctx.host
  return `${isSecure(ctx) ? 'https' : 'http'}://${host}`
}

/** Whether the client speaks TLS, with us or with the proxy in front of us. */
export function isSecure(ctx: HttpContext): boolean {
  const { config } = ctx.services
  if (ctx.secure || forwarded(ctx, config, 'x_forwarded_ssl') === 'on') return true
  return forwarded(ctx, config, 'x_forwarded_proto') === 'https'
}

function forwarded(
  ctx: HttpContext,
  config: Config,
  key: 'x_forwarded_host' | 'x_forwarded_proto' | 'x_forwarded_ssl',
): string {
  return ctx.get(config.text('chttpd', key))
}
