import { parseDatabaseName } from '../../../protocol/database-name.ts'
import { fail } from '../../../protocol/errors.ts'
import { DELTAS_HEADER, DELTAS_VERSION } from '../../../protocol/delta/revision-delta.ts'
import { sendsDeltas } from '../../database/documents/revision-delta.ts'
import { databaseInfo } from '../../database/info.ts'
import { readRequestBody, requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { setLocation } from '../../http/response/location.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'
import { deltaLimits } from '../shared/delta-limits.ts'
import { databaseOf } from '../shared/path-names.ts'
import { databaseOptions } from './database-options.ts'

export async function createDatabase(ctx: RequestContext): Promise<void> {
  const options = databaseOptions(QueryParams.of(ctx))
  const name = parseDatabaseName(ctx.params.db ?? '')
  if (options.partitioned && /(^|\/)_/.test(name)) {
    throw fail('badRequest', 'Cannot partition a system database')
  }
  await ctx.services.catalog.create(name, options)
  setLocation(ctx, [name])
  sendJson(ctx, { ok: true }, 201)
}

/** A revision betrays a client that meant a document and had no id. */
export async function deleteDatabase(ctx: RequestContext): Promise<void> {
  if (QueryParams.of(ctx).has('rev')) {
    throw fail(
      'badRequest',
      'You tried to DELETE a database with a ?=rev parameter. Did you mean to DELETE a document instead?',
    )
  }
  const database = await databaseOf(ctx)
  await ctx.services.catalog.drop(database.name)
  sendJson(ctx, { ok: true })
}

export async function getInfo(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  if (sendsDeltas(database, deltaLimits(ctx))) ctx.set(DELTAS_HEADER, DELTAS_VERSION)
  sendJson(ctx, await databaseInfo(database))
}

/** Every acknowledged write is on disk already: what is accepted and waits has to be waited for. */
export async function ensureFullCommit(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  requireJson(ctx)
  await readRequestBody(ctx, 'settings')
  await database.batched.settled()
  sendJson(ctx, { ok: true, instance_start_time: String(database.record.created) }, 201)
}
