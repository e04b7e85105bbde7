import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import Koa from 'koa'
import { isDatabaseName } from '../../protocol/database-name.ts'
import { fail } from '../../protocol/errors.ts'
import { ANONYMOUS } from '../../protocol/user-context.ts'
import { usersDatabase } from '../auth/users/directory.ts'
import { answerPreflight, exposeAnswer } from '../http/browser/cors-headers.ts'
import { answerAsScript } from '../http/browser/jsonp.ts'
import { secureHeaders } from '../http/browser/security-headers.ts'
import { readRequestLine } from '../http/request/request-line.ts'
import { leaveOutHeaders } from '../http/response/prefer-minimal.ts'
import type { Handler, RequestContext, RequestState, Route } from '../routes/context.ts'
import { ROUTES } from '../routes/table.ts'
import { RouteMatcher } from '../routing/route-matcher.ts'
import { allowedMethods, handlerOf } from '../routing/route.ts'
import type { Services } from '../services.ts'
import type { RequestOutcome } from '../tracing/tracing.ts'
import { AnsweredElsewhere } from './answered-elsewhere.ts'
import { authenticateRequest } from './authenticate-request.ts'
import { authorizeRequest } from './authorize-request.ts'
import { leaveToSource } from './leave-to-source.ts'
import { limitAddress, limitUser, withdrawLimits } from './limit-client.ts'
import { renewRights } from './renew-rights.ts'
import type { Refusals } from './refusals.ts'
import { countAndLogRequest, pathForLog } from './request-log.ts'
import { isDisconnect } from '../http/response/is-disconnect.ts'
import { sendError } from './send-error.ts'
import { whenCaughtUp } from './when-caught-up.ts'
import { watchRights } from './watch-rights.ts'

type Routes = RouteMatcher<Handler>

/** Parts that all requests of an application share. */
interface AppParts extends AppOptions {
  readonly services: Services
  readonly routes: Routes
  readonly refusals: Refusals
}

export interface AppOptions {
  /** Has another thread answer a request that this one cannot. Nothing was sent yet, and nothing read. */
  readonly elsewhere?: (req: IncomingMessage, res: ServerResponse) => void
}

/**
 * Returns the koa application. A request is authenticated, matched with the route table, authorized and handled; whatever
 * is thrown on the way is answered in one place.
 */
export function createApp(
  services: Services,
  refusals: Refusals,
  { elsewhere }: AppOptions = {},
): Koa<RequestState> {
  const app = new Koa<RequestState>()
  const parts: AppParts = {
    services,
    routes: new RouteMatcher(ROUTES),
    refusals,
    ...(elsewhere && { elsewhere }),
  }
  app.on('error', (error: unknown) => {
    // Clients that go away in the middle of an answer are a normal day.
    if (!isDisconnect(error)) services.log.error({ err: error }, 'answer failed')
  })
  const { tracing } = services
  app.use(async context => {
    const ctx = context as unknown as RequestContext
    if (tracing === undefined) return handleHere(ctx, parts)
    await tracing.request({ method: ctx.method, headers: ctx.req.headers }, async () => {
      await handle(ctx, parts)
      return outcomeOf(ctx)
    })
  })
  return app
}

/** Handles a request, or has it answered elsewhere. */
async function handleHere(ctx: RequestContext, parts: AppParts): Promise<void> {
  const { elsewhere } = parts
  try {
    await handle(ctx, parts)
  } catch (error) {
    if (!(error instanceof AnsweredElsewhere) || elsewhere === undefined) throw error
    ctx.respond = false
    withdrawLimits(ctx)
    elsewhere(ctx.req, ctx.res)
  }
}

async function handle(ctx: RequestContext, parts: AppParts): Promise<void> {
  const { services, routes } = parts
  const started = performance.now()
  ctx.services = services
  ctx.redispatch = url => redispatch(ctx, url, routes)
  ctx.state.user = ANONYMOUS
  secureHeaders(ctx)
  leaveOutHeaders(ctx)
  if (!answerPreflight(ctx)) await answer(ctx, parts)
  countAndLogRequest(ctx, started)
}

/** Returns what the span of a request says of its answer: no query, and no names of attachments. */
function outcomeOf(ctx: RequestContext): RequestOutcome {
  const { requestId, route } = ctx.state
  return { status: ctx.res.statusCode, path: pathForLog(ctx.path), route, requestId }
}

async function answer(ctx: RequestContext, { routes, refusals }: AppParts): Promise<void> {
  exposeAnswer(ctx)
  try {
    readRequestLine(ctx)
    answerAsScript(ctx)
    refusals.check(ctx.req)
    limitAddress(ctx)
    await whileReopening(ctx)
    await authenticateRequest(ctx)
    limitUser(ctx)
    await runRoute(ctx, routes).catch((error: unknown) =>
      whenCaughtUp(ctx, error, () => runRoute(ctx, routes)),
    )
    watchRights(ctx)
    if (ctx.respond !== false && ctx.status === 404 && ctx.body === undefined) throw fail('missing')
  } catch (error) {
    // What was read of the request cannot be handed on.
    if (error instanceof AnsweredElsewhere && !ctx.res.headersSent && !ctx.req.readableDidRead) throw error
    sendError(ctx, error)
  }
}

/** Authorizes a request and has its route answer it. @throws `methodNotAllowed`, and what the route throws */
async function runRoute(ctx: RequestContext, routes: Routes): Promise<void> {
  const match = routes.match(ctx.method, ctx.path, usersDatabase(ctx.services.config))
  ctx.params = match.params
  ctx.rest = match.rest
  if (match.route !== undefined) ctx.state.route = match.route.path
  await authorizeRequest(ctx, match)
  ctx.state.renewRights = () => renewRights(ctx, match)
  if (match.route === undefined) return
  const handler = handlerOf(match.route, ctx.method)
  if (handler === undefined) return refuseMethod(ctx, match.route)
  const leaving = leaveToSource(ctx, match.route)
  if (leaving !== undefined && (await leaving)) return
  await handler(ctx)
}

/** @throws `methodNotAllowed`; `noDatabase` where the database is not there, which has no methods then */
async function refuseMethod(ctx: RequestContext, route: Route): Promise<never> {
  const { db } = ctx.params
  if (db !== undefined && !(db !== null && isDatabaseName(db) && (await ctx.services.catalog.exists(db)))) {
    throw fail('noDatabase')
  }
  const allowed = allowedMethods(route)
  ctx.set('Allow', allowed)
  throw fail('methodNotAllowed', allowed)
}

/**
 * Routes a request of the same user to another path and checks the rights for that path: headers that a rewrite made
 * authenticate nobody.
 */
async function redispatch(ctx: RequestContext, url: string, routes: Routes): Promise<void> {
  const { rewrites = 0 } = ctx.state
  if (rewrites >= ctx.services.config.integer('chttpd', 'rewrite_limit'))
    throw fail('badRequest', 'Exceeded rewrite recursion limit')
  // Rules that lead to each other would hold up everybody else until the limit.
  if (rewrites > 0) await setImmediate()
  ctx.state.rewrites = rewrites + 1
  // The function that rewrites the path may have been at work for long.
  await ctx.state.renewRights?.()
  ctx.url = url
  delete ctx.state.database
  await runRoute(ctx, routes)
}

/** Waits until the store that is being opened again can be read; `_up` alone does not. */
async function whileReopening({ services, path }: RequestContext): Promise<void> {
  const { health } = services.catalog
  if (health?.state === 'reopening' && path !== '/_up') await health.whenReadable(REOPENING_MS)
}

const REOPENING_MS = 10_000
