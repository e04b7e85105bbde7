import { Readable, pipeline } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { HttpContext } from '../context.ts'

/** The fastest level: it makes a third of documents' JSON at a few times the rate of a link that needs it. */
const LEVEL = 1
const REPLICATOR = /^Couchette-Replicator\b/

/**
 * Returns true if a long answer is to be compressed. CouchDB compresses no JSON whatever a client accepts, so only
 * Couchette's replicator, on a server that is far away, is sent gzip.
 */
export function wantsGzip(ctx: HttpContext): boolean {
  return ctx.get('Accept-Encoding') === 'gzip' && REPLICATOR.test(ctx.get('User-Agent'))
}

/** The bytes compressed, of an answer that says so. */
export function gzipped(ctx: HttpContext, bytes: AsyncIterable<Uint8Array | string>): Readable {
  ctx.set('Content-Encoding', 'gzip')
  const source = Readable.from(bytes, { objectMode: false })
  // A failure destroys both, and breaks the answer off.
  return pipeline(source, createGzip({ level: LEVEL }), () => undefined)
}
