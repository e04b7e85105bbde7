import { CouchError, fail } from '../../../protocol/errors.ts'
import type { JobSpec } from '../../../replicator/job.ts'
import { requireServerAdmin } from '../../auth/authorize.ts'
import { requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { urlAskedFor } from '../../http/connection/forwarded-request.ts'
import { peerOf } from '../../http/connection/peer.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'
import { divergenceJson } from '../../replication/divergence-json.ts'
import { parseRequest, readRequest, rethrow } from './replication-body.ts'

/** CouchDB looks at the body, to find the databases that it names, before it looks at the method. */
export function refuse(ctx: RequestContext): void {
  const hasBody = ctx.get('Content-Length') !== '' || ctx.get('Transfer-Encoding') !== ''
  if (!hasBody && ctx.method !== 'PUT') throw fail('badRequest', 'Missing request body')
  ctx.set('Allow', 'POST')
  throw fail('methodNotAllowed', 'POST')
}

export async function postReplicate(ctx: RequestContext): Promise<void> {
  try {
    await replicate(ctx)
  } catch (error) {
    throw error instanceof CouchError ? asAskedFor(ctx, error) : error
  }
}

/** Returns an error that names this server as the client of another node of the cluster knows it. */
function asAskedFor({ req, services }: RequestContext, error: CouchError): CouchError {
  const { status, error: name, reasonValue, headers } = error
  const asked = urlAskedFor(req)
  if (asked === undefined || typeof reasonValue !== 'string') return error
  const reason = reasonValue.replaceAll(services.replicator.urlOf(''), `${asked}/`)
  return reason === reasonValue ? error : new CouchError(status, name, reason, headers)
}

async function replicate(ctx: RequestContext): Promise<void> {
  if (ctx.state.user.name === null) throw fail('unauthorized', 'You are not an authenticated user')
  requireJson(ctx)
  const body = await readRequest(ctx)
  const asked = parseRequest(ctx, body, rethrow)
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
