import { GatheredBytes } from '../../protocol/gathered-bytes.ts'
import { countValues } from '../../protocol/json/count-values.ts'
import { runSteps } from '../../protocol/steps.ts'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { publicUrl } from '../../protocol/replication-endpoint.ts'
import { PeerError, isTransientStatus, networkError } from '../peer-error.ts'
import type { HeldBytes, PeerLimits } from './held-memory.ts'
import { parseRetryAfter } from './throttle.ts'
import { watchedBody } from './watched-body.ts'
import type { Pace } from './watched-body.ts'

/** An HTTP answer whose body is still to be read, or to be left with `discard`. */
export interface PeerAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Decoded where it was compressed. */
  readonly body: Readable
  /** The request, for messages: `GET http://host/db/_changes`. */
  readonly request: string
  /** Makes the peer's own words fit to be shown: without credentials, and not too long. */
  readonly words: (text: string) => string
  readonly pace: Pace
  readonly limits: PeerLimits
  /** Memory held for the body until it is complete. */
  readonly held: HeldBytes
  /** Called with the number of bytes read from the body. */
  readonly received: (bytes: number) => void
}

/** The value of a header that comes once. */
export function header({ headers }: Pick<PeerAnswer, 'headers'>, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** The body as it was before compression. */
export function decoded(body: Readable, encoding: string | undefined): Readable {
  if (encoding !== 'gzip') return body
  const gunzip = createGunzip()
  body.on('error', error => gunzip.destroy(error))
  gunzip.on('close', () => body.destroy())
  return body.pipe(gunzip)
}

/** Reads the body's chunks, turning failures of the network into words. */
export async function* chunks({ body, request, received, pace, held }: PeerAnswer): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of watchedBody(body, request, pace)) {
      received(chunk.length)
      yield chunk
    }
  } catch (error) {
    throw networkError(error, request)
  } finally {
    held.release()
  }
}

const MAX_ERROR_BYTES = 64 * 1024

/**
 * Reads the whole body.
 *
 * @throws PeerError `no_couchdb` when it has more than `maxBytes`
 */
export async function readAll(answer: PeerAnswer, maxBytes: number): Promise<Buffer> {
  const bytes = new GatheredBytes()
  for await (const chunk of chunks(answer)) {
    bytes.push(chunk)
    checkHeld(answer, bytes.length, maxBytes)
  }
  return bytes.take()
}

/**
 * Reads the body as JSON.
 *
 * @throws PeerError `no_couchdb` when it is something else
 */
export async function readJson(answer: PeerAnswer, maxBytes = answer.limits.maxAnswer): Promise<unknown> {
  const { maxAnswer, maxValues } = answer.limits
  const json = await readAll(answer, Math.min(maxBytes, maxAnswer))
  // Making values takes a hundred times as long as counting them.
  if (runSteps(countValues(json, maxValues)) > maxValues)
    throw refused(answer, `with JSON of more than ${maxValues} values`)
  try {
    return JSON.parse(json.toString())
  } catch (cause) {
    throw notJson(answer, cause)
  }
}

/** Makes the error for JSON of an unexpected shape. */
export function otherShape(answer: PeerAnswer): PeerError {
  const reason = `${answer.request} was answered with JSON that is not what CouchDB answers`
  return new PeerError('no_couchdb', reason, { status: answer.status, transient: true })
}

/** A body that is no JSON was cut short, or the peer is no CouchDB. */
export function notJson(answer: PeerAnswer, cause?: unknown): PeerError {
  const type = answer.words(header(answer, 'content-type') ?? 'no content type')
  const reason = type.includes('json')
    ? `${answer.request} was answered with JSON that is broken or cut short`
    : `${answer.request} was answered ${answer.status} with ${type}, not with JSON: this is no CouchDB`
  return new PeerError('no_couchdb', reason, { status: answer.status, transient: true, cause })
}

/**
 * A peer that never comes to an end is not listened to for ever.
 *
 * @param bytes what is held of the answer because more has to come before it can be used
 * @throws PeerError `no_couchdb`
 */
export function checkHeld(answer: PeerAnswer, bytes: number, maxBytes: number): void {
  answer.held.set(bytes)
  if (bytes > maxBytes)
    throw refused(answer, `with more than ${maxBytes} bytes of what is no row and no document`)
}

function refused(answer: PeerAnswer, what: string): PeerError {
  const reason = `${answer.request} was answered ${what}`
  return new PeerError('no_couchdb', reason, { status: answer.status, transient: true })
}

/** Lets the connection be used again without reading much more of the body. */
export function discard({ body, held }: PeerAnswer): void {
  held.release()
  body.on('error', () => undefined)
  body.destroy()
}

/** The error for an answer of an unwanted status; reads the body. */
export async function statusError(answer: PeerAnswer): Promise<PeerError> {
  const { status, request } = answer
  const location = header(answer, 'location')
  if (status >= 300 && status < 400 && location !== undefined) {
    discard(answer)
    return new PeerError('redirected', `${request} was redirected to ${answer.words(publicUrl(location))}`, {
      status,
    })
  }
  const { error, reason } = await errorBody(answer)
  const retryAfterMs = parseRetryAfter(header(answer, 'retry-after'))
  return new PeerError(error ?? `http_error_${status}`, `${request} was answered ${status}${reason}`, {
    status,
    transient: isTransientStatus(status),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

async function errorBody(answer: PeerAnswer): Promise<{ error?: string; reason: string }> {
  try {
    const { error, reason } = JSON.parse((await readAll(answer, MAX_ERROR_BYTES)).toString()) as Record<
      string,
      unknown
    >
    if (typeof error === 'string')
      return { error: answer.words(error), reason: `: ${answer.words(describe(error, reason))}` }
  } catch {
    // A proxy's page says nothing that the status does not.
  }
  return { reason: '' }
}

function describe(error: string, reason: unknown): string {
  if (typeof reason === 'string') return reason
  return reason === undefined || reason === null ? error : JSON.stringify(reason)
}
