import { isDisconnect } from '../http/response/is-disconnect.ts'
import { CouchError, fail } from '../../protocol/errors.ts'
import { UnconfirmedWriteError } from '../config/files.ts'
import { challenge } from '../http/browser/security-headers.ts'
import { redirectsToSignIn } from '../http/browser/sign-in-redirect.ts'
import type { HttpContext } from '../http/context.ts'
import { sendJson } from '../http/response/reply.ts'
import { isDiskFullError, isFailedWrite } from '../storage/durable/write-failure.ts'
import { DamagedValueError } from '../storage/encryption/damaged.ts'

/** Value of `Retry-After` where the server is too busy. */
const RETRY_AFTER_SECONDS = '1'

/** Unread bytes of a refused body that are drained, so that the connection can be used again. */
const SMALL_BODY = 1024 * 1024

/** Answers a failure as an error; what is not a `CouchError` is our fault, and is logged, not shown. */
export function sendError(ctx: HttpContext, cause: unknown): void {
  const thrown = asCouchError(cause)
  if (thrown !== cause && thrown instanceof CouchError && thrown.status === 503)
    ctx.services.log.error({ err: cause, id: ctx.state.requestId, method: ctx.method }, 'a write failed')
  if (!(thrown instanceof CouchError)) {
    if (isDisconnect(thrown)) return
    ctx.services.log.error({ err: thrown, id: ctx.state.requestId, method: ctx.method }, 'request failed')
  }
  if (ctx.res.headersSent) {
    // A status cannot be taken back: the client sees a cut answer, not a complete wrong one.
    ctx.res.destroy()
    return
  }
  const error = errorOf(thrown)
  for (const [name, value] of Object.entries(error.headers)) ctx.set(name, value)
  if (error.status === 401) challenge(ctx)
  if (error.status === 503 && !ctx.res.hasHeader('Retry-After')) ctx.set('Retry-After', RETRY_AFTER_SECONDS)
  const ends = error.status === STALLED || !canDrainBody(ctx)
  if (ends && ctx.req.httpVersionMajor < 2) ctx.set('Connection', 'close')
  if (!ends) dropBody(ctx)
  const status = redirectsToSignIn(ctx, error) ? 302 : error.status
  sendJson(ctx, { error: error.error, reason: error.reasonValue }, status)
}

/** Returns the answer for a failure that clients can do something about; every other one as it is. */
function asCouchError(cause: unknown): unknown {
  if (isTooDeep(cause)) return fail('badRequest', 'The request is nested too deeply.')
  if (cause instanceof UnconfirmedWriteError) return fail('settingUnconfirmed')
  if (isDiskFullError(cause)) return fail('diskFull')
  return isFailedWrite(cause) ? fail('writeFailed') : cause
}

function errorOf(thrown: unknown): CouchError {
  if (thrown instanceof CouchError) return thrown
  if (thrown instanceof DamagedValueError) return fail('damagedRecord', thrown.message)
  return fail('internal', 'The server failed; its log says why.')
}

/** Of a request whose body did not come, the rest will not come either. */
const STALLED = 408

/** Returns true for a stack overflow: values that are parsed without recursion can be too deep for code that recurses. */
function isTooDeep(error: unknown): boolean {
  return error instanceof RangeError && error.message.startsWith('Maximum call stack')
}

/**
 * Returns whether the unread body is small enough to drain. What is left of a large refused body is not read; a small one
 * is, as closing over unread bytes can cost the client the answer.
 */
function canDrainBody({ req }: HttpContext): boolean {
  if (req.complete) return true
  const { 'content-length': length, 'transfer-encoding': encoding } = req.headers
  // Node.js says of a request without a body that it is complete once it was handed on.
  if (length === undefined) return encoding === undefined
  return Number(length) <= SMALL_BODY
}

/** Reads what is left of a body to its end, whatever was to take it: the next request of the connection is behind it. */
function dropBody({ req }: HttpContext): void {
  if (!req.readableEnded) req.unpipe().resume()
}
