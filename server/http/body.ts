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
  return collect(decodedBody(ctx), limit)
}

/** By events: an async iterator costs a small request more than everything else about its body. */
function collect(stream: Readable, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      chunks.push(chunk)
      if (size <= limit) return
      stream.off('data', onData)
      stream.pause()
      reject(fail('tooLarge', 'the request entity is too large'))
    }
    stream.on('data', onData)
    stream.once('end', () =>
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size)),
    )
    stream.once('error', reject)
  })
}

/**
 * The bytes of a request's body, inflated where it is gzipped.
 *
 * @throws `badContentEncoding`
 */
export function decodedBody(ctx: RequestContext): Readable {
  const encoding = ctx.get('Content-Encoding').toLowerCase()
  if (encoding === '' || encoding === 'identity') return ctx.req
  if (encoding !== 'gzip') throw fail('badContentEncoding', encoding)
  const gunzip = createGunzip()
  ctx.req.once('error', error => gunzip.destroy(error))
  return ctx.req.pipe(gunzip)
}

/** @throws `badContentType` unless the body is announced as JSON */
export function requireJson(ctx: RequestContext): void {
  const type = ctx.get('Content-Type').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw fail('badContentType')
}
