import { setImmediate } from 'node:timers/promises'
import Koa from 'koa'
import { CouchError, fail } from '../../protocol/errors.ts'
import { ANONYMOUS } from '../../protocol/user-context.ts'
import type { Services } from '../services.ts'
import { routers } from '../routes/index.ts'
import type { RequestContext, RequestState } from '../http/context.ts'
import { answerPreflight, exposeAnswer } from '../http/browser/cors-headers.ts'
import { Dispatch } from '../routing/route-matcher.ts'
import { admit, authorizeRequest } from './authorize-request.ts'
import { answerAsScript } from '../http/browser/jsonp.ts'
import { leaveOutHeaders } from '../http/response/prefer-minimal.ts'
import { sendJson } from '../http/response/reply.ts'
import { DamagedValueError } from '../storage/encryption/damaged.ts'
import { isDiskFullError } from '../storage/durable/write-failure.ts'
import { readRequestLine } from '../http/request/request-line.ts'
import { noteRequest } from './request-log.ts'
import { challenge, secureHeaders } from '../http/browser/security-headers.ts'
import { redirectsToSignIn } from '../http/browser/sign-in-redirect.ts'
import { watchRights } from './watch-rights.ts'

/** What clients are told to wait where the server is too busy. */
const RETRY_AFTER_SECONDS = '1'

const SMALL_BODY = 1024 * 1024

/** The koa application: who asks, which route, and one funnel for everything that is thrown. */
export function createApp(services: Services): Koa<RequestState> {
  const app = new Koa<RequestState>()
  const routes = new Dispatch(routers())
  app.on('error', (error: unknown) => {
    // Clients that go away in the middle of an answer are a normal day.
    if (!isDisconnect(error)) services.log.error({ err: error }, 'answer failed')
  })
  app.use(async context => {
    const started = performance.now()
    const ctx = context as unknown as RequestContext
    ctx.services = services
    ctx.redispatch = url => redispatch(ctx, url, routes)
    ctx.state.user = ANONYMOUS
    secureHeaders(ctx)
    leaveOutHeaders(ctx)
    if (!answerPreflight(ctx)) await answer(ctx, routes)
    noteRequest(ctx, started)
  })
  return app
}

/** Asks the routes again, under another path: for the same user, whose rights are judged anew. */
async function redispatch(ctx: RequestContext, url: string, routes: Dispatch): Promise<void> {
  const { rewrites = 0 } = ctx.state
  if (rewrites >= ctx.services.config.integer('chttpd', 'rewrite_limit'))
    throw fail('badRequest', 'Exceeded rewrite recursion limit')
  // Rules that lead to each other would hold up everybody else until the limit.
  if (rewrites > 0) await setImmediate()
  ctx.state.rewrites = rewrites + 1
  ctx.url = url
  delete ctx.state.database
  await authorizeRequest(ctx)
  await routes.answer(ctx)
}

async function answer(ctx: RequestContext, routes: Dispatch): Promise<void> {
  exposeAnswer(ctx)
  try {
    readRequestLine(ctx)
    answerAsScript(ctx)
    await whileReopening(ctx)
    await admit(ctx)
    await watchRights(ctx, () => routes.answer(ctx))
    if (ctx.respond !== false && ctx.status === 404 && ctx.body === undefined) throw fail('missing')
  } catch (error) {
    sendError(ctx, error)
  }
}

/** Requests that come while the store is being opened again wait for it, `_up` alone does not. */
async function whileReopening({ services, path }: RequestContext): Promise<void> {
  const { health } = services.catalog
  if (health?.state === 'reopening' && path !== '/_up') await health.whenReadable(REOPENING_MS)
}

const REOPENING_MS = 10_000

/** Shapes a failure; what is not a `CouchError` is our fault, and is logged, not shown. */
function sendError(ctx: RequestContext, cause: unknown): void {
  const thrown = isTooDeep(cause)
    ? fail('badRequest', 'The request is nested too deeply.')
    : isDiskFullError(cause)
      ? fail('diskFull')
      : cause
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
  if (error.status === 503) ctx.set('Retry-After', RETRY_AFTER_SECONDS)
  const ends = error.status === STALLED || !isSoonRead(ctx)
  if (ends && ctx.req.httpVersionMajor < 2) ctx.set('Connection', 'close')
  const status = redirectsToSignIn(ctx, error) ? 302 : error.status
  sendJson(ctx, { error: error.error, reason: error.reasonValue }, status)
}

function errorOf(thrown: unknown): CouchError {
  if (thrown instanceof CouchError) return thrown
  if (thrown instanceof DamagedValueError) return fail('damagedRecord', thrown.message)
  return fail('internal', 'The server failed; its log says why.')
}

/** Of a request whose body did not come, the rest will not come either. */
const STALLED = 408

/** What is parsed without recursion may still be too deep for those who work on it. */
function isTooDeep(error: unknown): boolean {
  return error instanceof RangeError && error.message.startsWith('Maximum call stack')
}

/**
 * Whether the rest of the request is not worth a connection. What is left of a large refused body is not read; a small
 * one is, as closing over unread bytes can cost the client the answer.
 */
function isSoonRead({ req }: RequestContext): boolean {
  if (req.complete) return true
  const length = Number(req.headers['content-length'])
  return length <= SMALL_BODY
}

function isDisconnect(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return DISCONNECTS.includes(code) || code.startsWith(BROKEN_REQUEST)
}

const DISCONNECTS = ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'ABORT_ERR']

/** A body that is no HTTP, or ends too early: Node answers 400 and closes the connection. */
const BROKEN_REQUEST = 'HPE_'
