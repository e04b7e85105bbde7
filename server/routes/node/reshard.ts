import { isDatabaseName } from '../../../protocol/database-name.ts'
import { fail } from '../../../protocol/errors.ts'
import { parseJsonObject } from '../../../protocol/json/parse-json.ts'
import { readJsonBody, requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { sendJson } from '../../http/response/reply.ts'
import { NODE_NAME } from '../../node/node-name.ts'
import type { Services } from '../../services.ts'

interface Splitting {
  readonly state: 'running' | 'stopped'
  readonly reason: string | null
}

const RUNNING: Splitting = { state: 'running', reason: null }

/** State of shard splitting as administrators set it, by server; forgotten at its end. */
const states = new WeakMap<Services, Splitting>()

function splittingOf(ctx: RequestContext): Splitting {
  return states.get(ctx.services) ?? RUNNING
}

export function summary(ctx: RequestContext): void {
  const { state, reason } = splittingOf(ctx)
  const counts = { completed: 0, failed: 0, running: 0, stopped: 0, total: 0 }
  sendJson(ctx, { state, state_reason: reason, ...counts })
}

export function getState(ctx: RequestContext): void {
  sendJson(ctx, splittingOf(ctx))
}

export async function putState(ctx: RequestContext): Promise<void> {
  requireJson(ctx)
  const { state, reason } = parseJsonObject(await readJsonBody(ctx, 'settings'))
  if (state === undefined) throw fail('badRequest', 'Expected a `state` field')
  if (state !== 'running' && state !== 'stopped') {
    throw fail('badRequest', 'State field not `running` or `stopped`')
  }
  const byUser = 'Shard splitting stopped on the cluster by user'
  const stopped: Splitting = { state: 'stopped', reason: typeof reason === 'string' ? reason : byUser }
  states.set(ctx.services, state === 'running' ? RUNNING : stopped)
  sendJson(ctx, { ok: true })
}

export function listJobs(ctx: RequestContext): void {
  sendJson(ctx, { jobs: [], offset: 0, total_rows: 0 })
}

/** Judges a job as CouchDB does before it is made. (CouchDB: mem3_reshard_httpd:handle_reshard_req/1) */
export async function refuseJob(ctx: RequestContext): Promise<never> {
  requireJson(ctx)
  const { type, node, db, shard, range } = parseJsonObject(await readJsonBody(ctx, 'settings'))
  if (type !== 'split') throw fail('badRequest', 'Job type must be `split`')
  if (node !== undefined && node !== NODE_NAME) throw fail('badRequest', '`node` is not a valid node name')
  if (db === undefined && shard === undefined) {
    throw fail('badRequest', 'Must specify at least `db` or `shard`')
  }
  if (db !== undefined && shard !== undefined) {
    throw fail('badRequest', '`db` and `shard` are mutually exclusive')
  }
  if (db !== undefined && !(await isThere(ctx, db))) throw fail('badRequest', 'Invalid `db`')
  if (range !== undefined && !isRange(range)) throw fail('badRequest', 'Invalid `range`')
  throw fail('noShardSplitting')
}

async function isThere(ctx: RequestContext, db: unknown): Promise<boolean> {
  return typeof db === 'string' && isDatabaseName(db) && (await ctx.services.catalog.exists(db))
}

function isRange(range: unknown): boolean {
  return typeof range === 'string' && /^[0-9a-f]{8}-[0-9a-f]{8}$/.test(range)
}

export function noJob(): never {
  throw fail('missing')
}
