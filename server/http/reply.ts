import { Readable } from 'node:stream'
import type { RequestContext } from './context.ts'

const NEWLINE = 0x0a

/**
 * Answers JSON: a value to print, or text that is printed already. One newline behind it, as CouchDB has it. Written
 * to the response directly, as koa's own way costs a small answer about as much as finding it.
 */
export function sendJson(ctx: RequestContext, value: unknown, status = 200): void {
  const body = value instanceof Uint8Array ? withNewline(value) : Buffer.from(`${JSON.stringify(value)}\n`)
  ctx.respond = false
  ctx.res.writeHead(status, {
    'Cache-Control': 'must-revalidate',
    'Content-Type': 'application/json',
    'Content-Length': body.length,
  })
  ctx.res.end(ctx.method === 'HEAD' ? undefined : body)
}

function withNewline(text: Uint8Array): Buffer {
  const body = Buffer.allocUnsafe(text.length + 1)
  body.set(text)
  body[text.length] = NEWLINE
  return body
}

/** Answers JSON piece by piece; the pieces come as fast as the client reads them. */
export function streamJson(
  ctx: RequestContext,
  pieces: AsyncIterable<Uint8Array | string>,
  status = 200,
): void {
  ctx.status = status
  ctx.set('Cache-Control', 'must-revalidate')
  ctx.set('Content-Type', 'application/json')
  ctx.body = Readable.from(pieces, { objectMode: false, highWaterMark: 64 * 1024 })
}

/**
 * Sets the ETag and says whether the client has it already; then the answer is 304 and complete.
 * A client's list of ETags counts; `*` does not (CouchDB: couch_httpd:etag_match/2).
 */
export function notModified(ctx: RequestContext, tag: string): boolean {
  const etag = `"${tag}"`
  ctx.set('ETag', etag)
  const known = ctx.get('If-None-Match')
  if (known === '') return false
  const matches = known.split(',').some(entry => entry.trim().replace(/^W\//, '') === etag)
  if (matches) {
    ctx.status = 304
    ctx.body = null
  }
  return matches
}
