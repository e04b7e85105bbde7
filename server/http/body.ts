import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { fail } from '../../protocol/errors.ts'
import type { RequestContext } from './context.ts'

/**
 * Reads a request's body, inflating a gzipped one; at most `limit` bytes, counted as they come out.
 *
 * @throws `tooLarge` as soon as there are more
 */
export async function readBody(ctx: RequestContext, limit: number): Promise<Buffer> {
  const announced = Number(ctx.get('Content-Length'))
  if (announced > limit) throw fail('tooLarge', 'the request entity is too large')
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of decoded(ctx) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw fail('tooLarge', 'the request entity is too large')
    chunks.push(chunk)
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size)
}

function decoded(ctx: RequestContext): Readable {
  const encoding = ctx.get('Content-Encoding').toLowerCase()
  if (encoding === '' || encoding === 'identity') return ctx.req
  if (encoding !== 'gzip') throw fail('badContentEncoding', encoding)
  return ctx.req.pipe(createGunzip())
}

/** @throws `badContentType` unless the body is announced as JSON */
export function requireJson(ctx: RequestContext): void {
  const type = ctx.get('Content-Type').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw fail('badContentType')
}
