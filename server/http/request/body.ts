import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { fail } from '../../../protocol/errors.ts'
import type { HeldBody } from './body-memory.ts'
import type { HttpContext } from '../context.ts'
import { BODY_TIME } from './body-time.ts'
import { GatheredBytes } from '../../../protocol/gathered-bytes.ts'
import { uploadedBytes } from './upload-stream.ts'

/** Smaller bodies leave nothing to release. */
const COUNTED_BYTES = 1024 * 1024

/**
 * Reads a request's body, inflating a gzipped one; at most `limit` bytes, counted as they come out. Rights that
 * were withdrawn since the request's head came are withdrawn from it, too.
 *
 * @throws `tooLarge` as soon as there are more; `badGzip`, `badContentEncoding`; what refuses the request now
 */
export async function readBody(ctx: HttpContext, limit: number): Promise<Buffer> {
  const announced = Number(ctx.get('Content-Length'))
  if (announced > limit) throw fail('tooLarge', 'the request entity is too large')
  if (ctx.state.body !== undefined) return ctx.state.body
  startIdleTimeout(ctx)
  const started = performance.now()
  const body = await collect(decodedBody(ctx), limit, heldBody(ctx))
  const time = Math.floor(performance.now() - started)
  if (time > 0) ctx.set(BODY_TIME, String(time))
  const renewed = ctx.state.renewRights?.()
  if (renewed !== undefined) await renewed
  return body
}

/**
 * The bytes of a body as they come, for a reader that keeps few of them. Like {@link readBody} it ends with a look at the
 * request's rights.
 *
 * @param source `sentBody` or `decodedBody`
 * @throws `upload_stalled`, what refuses the request now, and an error when the client goes away
 */
export function streamBody(ctx: HttpContext, source: Readable): AsyncGenerator<Buffer> {
  const idleMs = ctx.services.config.integer('couchette', 'body_timeout')
  return uploadedBytes(source, idleMs, () => ctx.state.renewRights?.())
}

/** Settings of section `couchette` that limit bodies other than documents, in bytes. */
const LIMITS = {
  /** Lists of keys, ids and revisions, and selectors. */
  query: 'max_query_body_size',
  /** Bodies for functions of design documents, which have to fit into their memory. */
  function: 'max_function_body_size',
  /** A selector and what belongs to it, which each document may be compared with. */
  selector: 'max_selector_size',
  /** Settings of a database or a server, and bodies that mean nothing. */
  settings: 'max_settings_body_size',
} as const

/** `document`: a document or many, with their attachments. */
export type BodyKind = 'document' | keyof typeof LIMITS

/** Reads a body within the limit of its kind, which is never above `[chttpd] max_http_request_size`. */
export function readRequestBody(ctx: HttpContext, kind: BodyKind): Promise<Buffer> {
  const { config } = ctx.services
  const most = config.integer('chttpd', 'max_http_request_size')
  return readBody(ctx, kind === 'document' ? most : Math.min(most, config.integer('couchette', LIMITS[kind])))
}

/**
 * Reads a body where there has to be one (CouchDB: chttpd:json_body/1).
 *
 * @throws `missingBody` where the request announces none, not even an empty one
 */
export function readJsonBody(ctx: HttpContext, kind: BodyKind): Promise<Buffer> {
  const { headers, httpVersionMajor } = ctx.req
  const isAnnounced = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  // Since HTTP/2 a body needs no announcement.
  if (!isAnnounced && httpVersionMajor < 2) throw fail('missingBody')
  return readRequestBody(ctx, kind)
}

/** By events: an async iterator costs a small request more than everything else about its body. */
function collect(stream: Readable, limit: number, held: HeldBody): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const bytes = new GatheredBytes()
    const onData = (chunk: Buffer): void => {
      bytes.push(chunk)
      try {
        if (bytes.length > limit) throw fail('tooLarge', 'the request entity is too large')
        held.grow(bytes.length)
      } catch (error) {
        stream.off('data', onData)
        stream.pause()
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    stream.on('data', onData)
    stream.once('end', () => resolve(bytes.take()))
    stream.once('error', error => reject(isBadGzip(error) ? fail('badGzip') : error))
  })
}

/** Zlib's errors, as against those of a connection. */
function isBadGzip(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_')
}

/** Opens the request's account of the memory for bodies, which is released when the request is answered. */
export function heldBody(ctx: HttpContext): HeldBody {
  const held = ctx.services.bodies.open()
  let counted = false
  return {
    release: held.release,
    grow: size => {
      held.grow(size)
      if (counted || size < COUNTED_BYTES) return
      counted = true
      ctx.res.once('close', held.release)
    },
  }
}

/** Ends a request whose body stops coming. */
export function startIdleTimeout(ctx: HttpContext): void {
  if (ctx.req.complete) return
  ctx.req.setTimeout(ctx.services.config.integer('couchette', 'body_timeout'), () => ctx.req.destroy())
  ctx.req.once('end', () => ctx.req.setTimeout(0))
}

/**
 * The bytes of a request's body, inflated where it is gzipped.
 *
 * @throws `badContentEncoding`
 */
export function decodedBody(ctx: HttpContext): Readable {
  if (ctx.state.body !== undefined) return sentBody(ctx)
  const encoding = ctx.get('Content-Encoding').toLowerCase()
  if (encoding === '' || encoding === 'identity') return ctx.req
  if (encoding !== 'gzip') throw fail('badContentEncoding', encoding)
  const gunzip = createGunzip()
  ctx.req.once('error', error => gunzip.destroy(error))
  return ctx.req.pipe(gunzip)
}

/** The bytes of a request's body as they came. */
export function sentBody(ctx: HttpContext): Readable {
  const { body } = ctx.state
  return body === undefined ? ctx.req : Readable.from([body], { objectMode: false })
}

/** @throws `badContentType` unless the body is announced as JSON */
export function requireJson(ctx: HttpContext): void {
  const type = ctx.get('Content-Type').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw fail('badContentType')
}
