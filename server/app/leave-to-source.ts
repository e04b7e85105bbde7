import { isFollowerJob } from '../../protocol/user-context.ts'
import { fail } from '../../protocol/errors.ts'
import { sentBody, streamBody } from '../http/request/body.ts'
import { originOf } from '../http/request/origin.ts'
import { encodeSegment } from '../http/request/percent.ts'
import type { ForwardedMethod } from '../replication/forward-write.ts'
import type { RequestContext, Route } from '../routes/context.ts'
import { databaseOf } from '../routes/shared/path-names.ts'

const WRITES: ReadonlyMap<string, readonly string[]> = new Map([
  ['/:db', ['POST']],
  ['/:db/_bulk_docs', ['POST']],
  ['/:db/_ingest', ['POST']],
  ['/:db/_conflicts/*id', ['POST']],
  ['/:db/:docid', ['PUT', 'POST', 'DELETE', 'COPY']],
  ['/:db/:docid/*attachment', ['PUT', 'DELETE']],
  ['/:db/_design/:name', ['PUT', 'POST', 'DELETE', 'COPY']],
  ['/:db/_design/:name/*attachment', ['PUT', 'DELETE']],
  ['/:db/_index', ['POST']],
  ['/:db/_index/_bulk_delete', ['POST']],
  ['/:db/_index/:ddoc/:type/:name', ['DELETE']],
  ['/:db/_index/_design/:ddoc/:type/:name', ['DELETE']],
  ['/:db/_design/:name/_update/:function', ['PUT', 'POST', 'DELETE']],
  ['/:db/_design/:name/_update/:function/*target', ['PUT', 'POST', 'DELETE']],
])

/** Headers that say what a write means, and that prove its user: the source knows the client as it would be known here. */
const HANDED_ON = [
  'accept',
  'authorization',
  'content-encoding',
  'content-md5',
  'content-type',
  'cookie',
  'destination',
  'if-match',
  'x-couch-full-commit',
] as const

const ANSWERED = ['content-type', 'etag', 'retry-after', 'x-couch-update-newrev', 'x-couch-id'] as const

/** The database in the path, as it was sent. */
const DATABASE_IN_PATH = /^\/+[^/?]+\/*/

/**
 * Refuses a write of documents to a follower before its body is read, or has the source answer it.
 *
 * @returns undefined at once for what is no write; true where the source has answered
 * @throws `followsAnother`, `sourceUnreachable`
 */
export function leaveToSource(
  ctx: RequestContext,
  { path }: Pick<Route, 'path'>,
): Promise<boolean> | undefined {
  return WRITES.get(path)?.includes(ctx.method) === true ? leaveWrite(ctx) : undefined
}

async function leaveWrite(ctx: RequestContext): Promise<boolean> {
  const database = await databaseOf(ctx)
  const { follower } = database.state
  if (follower === undefined || isFollowerJob(ctx.state.user)) return false
  if (!follower.forwardsWrites) throw fail('followsAnother', follower.source)
  const answer = await ctx.services.followers.forward(database, {
    method: ctx.method as ForwardedMethod,
    path: ctx.url.replace(DATABASE_IN_PATH, ''),
    headers: handedOn(ctx),
    ...(hasBody(ctx) ? { body: streamBody(ctx, sentBody(ctx)) } : {}),
  })
  ctx.status = answer.status
  for (const name of ANSWERED) {
    const value = answer.headers[name]
    if (typeof value === 'string') ctx.set(name, value)
  }
  const { location } = answer.headers
  const here = `${originOf(ctx)}/${encodeSegment(database.name)}/`
  if (typeof location === 'string') ctx.set('Location', location.replace(answer.sourceUrl, here))
  ctx.body = answer.body
  return true
}

function handedOn({ req, state }: RequestContext): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of HANDED_ON) {
    const value = req.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  // The body of a rewritten request is the function's text.
  if (state.body !== undefined) delete headers['content-encoding']
  return headers
}

function hasBody({ req, state }: RequestContext): boolean {
  if (state.body !== undefined) return true
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0
}
