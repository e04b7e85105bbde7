import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { parseRev, type Rev } from '../../../protocol/revision.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import { requireDbAdmin } from '../../auth/authorize.ts'
import type { Database } from '../../database/database.ts'
import { purgesAfter } from '../../database/maintenance/purge-log.ts'
import { purge } from '../../database/maintenance/purge.ts'
import type { PurgeRequest } from '../../database/commit/write-request.ts'
import { readRequestBody, requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { readJson, readJsonMembers } from '../../http/request/json-body.ts'
import { sendJson, streamJson } from '../../http/response/reply.ts'
import { databaseOf } from '../shared/path-names.ts'
import { checkRequestedId } from '../shared/document-limits.ts'
import { checkQuorum, isQuorumOutOfReach } from '../shared/quorum.ts'

export async function startCompaction(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  requireJson(ctx)
  await readRequestBody(ctx, 'settings')
  const { log, compactionQueue } = ctx.services
  if (!database.compaction.running) compactionQueue.admit()
  const onFailure = (error: unknown): void =>
    log.error({ err: error, database: database.name }, 'compaction failed')
  database.compaction.start(onFailure, compactionQueue)
  sendJson(ctx, { ok: true }, 202)
}

export async function postPurge(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  requireJson(ctx)
  checkQuorum(ctx)
  const members = await readJsonMembers(ctx, 'query')
  checkDocuments(ctx, members.length)
  const requests = members.map(member => purgeRequest(database, member))
  checkLimits(ctx, requests)
  for (const { id } of requests) checkRequestedId(database, id)
  const purged = await purge(database, requests)
  const entries = requests.map(({ id }, index) => [id, purged[index] ?? []])
  const status = isQuorumOutOfReach(ctx) && requests.length > 0 ? 202 : 201
  sendJson(ctx, { purge_seq: null, purged: Object.fromEntries(entries) as unknown }, status)
}

/** @throws `bad_request`; an id that no document can have is not there */
function purgeRequest(database: Database, [name, revs]: readonly [string, unknown]): PurgeRequest {
  if (!Array.isArray(revs)) throw fail('badRequest', 'Invalid list of revisions')
  const id = asDocId(name)
  return { id, revs: revs.map(rev => (isOddLeaf(database, id, rev) ? rev : parseRev(rev))) }
}

/**
 * Returns whether a text is a leaf's revision that cannot be parsed: older versions stored generations such as -5 or
 * 10^21, and what stands there has to be purged by the name that it is shown under.
 */
function isOddLeaf(database: Database, id: DocId, rev: unknown): rev is Rev {
  if (typeof rev !== 'string' || !ODD_GENERATION.test(rev)) return false
  const document = database.document(id)
  return document !== undefined && leaves(document.tree).some(leaf => leaf.rev === rev)
}

const ODD_GENERATION = /^(?:-\d|\d{16}|\d(?:\.\d+)?e\+)/

/** @throws `bad_request` */
function checkDocuments(ctx: RequestContext, count: number): void {
  if (count > ctx.services.config.integer('purge', 'max_document_id_number'))
    throw fail('badRequest', 'Exceeded maximum number of documents.')
}

/** @throws `bad_request` */
function checkLimits(ctx: RequestContext, requests: readonly PurgeRequest[]): void {
  const { config } = ctx.services
  const revs = requests.reduce((sum, request) => sum + request.revs.length, 0)
  if (revs > config.integer('purge', 'max_revisions_number')) {
    throw fail('badRequest', 'Exceeded maximum number of revisions.')
  }
}

export async function getPurgedInfos(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  await streamJson(ctx, purgedInfos(purgesAfter(database, 0)))
}

async function* purgedInfos(purges: AsyncIterable<PurgeRequest>): AsyncGenerator<string> {
  let separator = '{"purged_infos":['
  for await (const { id, revs } of purges) {
    yield separator + JSON.stringify({ id, revs })
    separator = ','
  }
  yield separator === ',' ? ']}\n' : '{"purged_infos":[]}\n'
}

export async function getRevsLimit(ctx: RequestContext): Promise<void> {
  sendJson(ctx, (await databaseOf(ctx)).state.revsLimit)
}

export async function putRevsLimit(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  requireDbAdmin(ctx.state.user, database.security)
  const value = await readJson(ctx, 'settings')
  requireDbAdmin(ctx.state.user, database.security)
  const limit = positiveInteger(value, '`revs_limit` must be positive integer')
  await database.write({ kind: 'set_limit', name: 'revsLimit', limit })
  sendJson(ctx, { ok: true })
}

export async function getPurgedInfosLimit(ctx: RequestContext): Promise<void> {
  sendJson(ctx, (await databaseOf(ctx)).state.purgedInfosLimit)
}

export async function putPurgedInfosLimit(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const reason = '`purged_infos_limit` must be positive integer'
  const limit = positiveInteger(await readJson(ctx, 'settings'), reason)
  await database.write({ kind: 'set_limit', name: 'purgedInfosLimit', limit })
  sendJson(ctx, { ok: true })
}

/** @throws `bad_request` with the reason */
function positiveInteger(value: unknown, reason: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0)
    throw fail('badRequest', reason)
  return value
}
