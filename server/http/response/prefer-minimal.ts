import type { OutgoingHttpHeaders } from 'node:http'
import type { HttpContext } from '../context.ts'

/** Without these an answer cannot be read, or a session is lost; CouchDB leaves them out too. */
const NEEDED = ['content-encoding', 'content-length', 'set-cookie', 'transfer-encoding']

/**
 * For who sends `Prefer: return=minimal`, only the headers that `[chttpd] prefer_minimal` names are sent (CouchDB:
 * chttpd_prefer_header, RFC 7240).
 */
export function leaveOutHeaders(ctx: HttpContext): void {
  if (ctx.req.headers.prefer?.toString().toLowerCase() !== 'return=minimal') return
  const named = ctx.services.config.list('chttpd', 'prefer_minimal').map(name => name.toLowerCase())
  const kept = new Set([...named, ...NEEDED])
  const { res } = ctx
  const writeHead = res.writeHead.bind(res)
  // Node calls it too, where nobody else does; what it adds to make the answer HTTP comes behind.
  res.writeHead = (status: number, headers?: unknown) => {
    for (const [name, value] of Object.entries((headers ?? {}) as OutgoingHttpHeaders)) {
      if (value !== undefined) res.setHeader(name, value)
    }
    for (const name of res.getHeaderNames()) if (!kept.has(name)) res.removeHeader(name)
    return writeHead(status)
  }
}
