import type { Config } from '../../config/config.ts'
import type { HttpContext } from '../context.ts'

/** Returns the origin under which the client sees the server, "https://db.example"; headers of a proxy in front count. */
export function originOf(ctx: HttpContext): string {
  const { config } = ctx.services
  const host = forwarded(ctx, config, 'x_forwarded_host') || ctx.host
  return `${isSecure(ctx) ? 'https' : 'http'}://${host}`
}

/** Returns true if the client speaks TLS, with this server or with the proxy in front of it. */
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
