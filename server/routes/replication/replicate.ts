import { CouchError, fail } from '../../../protocol/errors.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import { requireObject } from '../../../protocol/json/parse-json.ts'
import { ReplicationSyntaxError } from '../../../protocol/replication-error.ts'
import { parseReplication } from '../../../protocol/replication-request.ts'
import type { CancelById, ReplicationRequest } from '../../../protocol/replication-request.ts'
import type { JobSpec } from '../../../replicator/job.ts'
import { PeerError } from '../../../replicator/peer-error.ts'
import { requireServerAdmin } from '../../auth/authorize.ts'
import { readJsonBody, requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { parseBounded } from '../../http/request/json-body.ts'
import { peerOf } from '../../http/connection/peer.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'
import { divergenceJson } from '../../replication/divergence-json.ts'

/** CouchDB looks at the body, to find the databases that it names, before it looks at the method. */
export function refuse(ctx: RequestContext): void {
  const hasBody = ctx.get('Content-Length') !== '' || ctx.get('Transfer-Encoding') !== ''
  if (!hasBody && ctx.method !== 'PUT') throw fail('badRequest', 'Missing request body')
  ctx.set('Allow', 'POST')
  throw fail('methodNotAllowed', 'POST')
}

export async function postReplicate(ctx: RequestContext): Promise<void> {
  if (ctx.state.user.name === null) throw fail('unauthorized', 'You are not an authenticated user')
  requireJson(ctx)
  const asked = parseRequest(ctx, await readRequest(ctx))
  if ('cancelId' in asked) return cancel(ctx, asked.cancelId)
  const { replicator } = ctx.services
  const { user } = ctx.state
  const request = { ...asked, user }
  const origin = {
    document: null,
    user: user.name,
    maker: await replicator.users.of(user),
    loginFrom: peerOf(ctx.req, ctx.services.config),
  }
  const spec = await replicator.specOf(request, origin).catch(rethrow)
  if (request.options.cancel) return cancel(ctx, spec.id)
  await settleWithRunning(ctx, spec)
  if (!request.options.continuous) {
    const result = await replicator.run(spec).catch(rethrow)
    const refused = QueryParams.of(ctx).flag('divergence') ? refusedMember(spec) : {}
    sendJson(ctx, { ok: true, ...result, ...refused })
    return
  }
  replicator.launch(spec)
  sendJson(ctx, { ok: true, _local_id: spec.id }, 202)
}

/** Returns the member `divergence`, which CouchDB does not have: documents that the target refused, each with its reason. */
function refusedMember({ verification }: JobSpec): { divergence?: object } {
  const report = verification?.divergence.report
  return report === undefined || report.documents === 0 ? {} : { divergence: divergenceJson(report) }
}

/**
 * The id of a replication says nothing of passwords. Whoever asks for one that runs gets the running one if the
 * credentials are the same; otherwise the job is replaced (CouchDB: couch_replicator_scheduler:add_job/1), but not that of
 * a document, which would be left without.
 *
 * @throws `unauthorized` for the job of another user, `conflict` for that of a document
 */
async function settleWithRunning(ctx: RequestContext, spec: JobSpec): Promise<void> {
  const { scheduler } = ctx.services.replicator
  const running = scheduler.get(spec.id)?.spec
  if (running === undefined) return
  if (running.user !== ctx.state.user.name) requireServerAdmin(ctx.state.user)
  if (credentialsOf(running) === credentialsOf(spec)) return
  const { document } = running
  if (document !== null) {
    const by = `document \`${document.id}\` from db \`${document.database}\``
    throw fail('jobWithOtherCredentials', `Replication \`${spec.id}\` already started, triggered by ${by}`)
  }
  await scheduler.remove(spec.id)
}

function credentialsOf({ source, target }: JobSpec): string {
  return JSON.stringify([source, target])
}

/** Users stop their own jobs only (CouchDB: couch_replicator:check_authorization/2). */
async function cancel(ctx: RequestContext, id: string): Promise<void> {
  const { scheduler } = ctx.services.replicator
  const job = scheduler.get(id)
  if (!job) throw fail('missing')
  if (job.spec.user !== ctx.state.user.name) requireServerAdmin(ctx.state.user)
  await scheduler.remove(id)
  sendJson(ctx, { ok: true, _local_id: id })
}

/** Reads the body of a request that names two databases. */
export async function readRequest(ctx: RequestContext): Promise<JsonObject> {
  const json = await readJsonBody(ctx, 'query')
  return requireObject(await parseBounded(ctx, json, 'max_system_document_values')) as JsonObject
}

/** Returns the request that a body makes. */
export function parseRequest(ctx: RequestContext, body: JsonObject): ReplicationRequest | CancelById {
  const { replicator } = ctx.services
  try {
    const request = parseReplication(body, replicator.defaults, name => replicator.urlOf(name))
    if (!('cancelId' in request) && (request.source.credentials ?? request.target.credentials) !== undefined)
      requireServerAdmin(ctx.state.user)
    return request
  } catch (error) {
    return rethrow(error)
  }
}

/** CouchDB's status for what its replicator throws: words it does not know are 500. */
export function rethrow(error: unknown): never {
  if (error instanceof ReplicationSyntaxError) {
    throw new CouchError(error.kind === 'error' ? 500 : 400, error.kind, error.reason)
  }
  if (!(error instanceof PeerError)) throw error
  if (error.error === 'filter_fetch_error') throw new CouchError(404, 'not_found', error.reason)
  if (['host_not_allowed', 'no_credentials'].includes(error.error) || error.error === 'forbidden')
    throw fail('forbidden', error.reason)
  if (error.error === 'unauthorized') throw fail('unauthorized', error.reason)
  throw new CouchError(500, error.error, error.reason)
}
