import { parseRetention } from '../../../protocol/retention.ts'
import { readJson } from '../../http/request/json-body.ts'
import { sendJson } from '../../http/response/reply.ts'
import type { RequestContext } from '../context.ts'
import { databaseOf } from '../shared/path-names.ts'

/** Answers the rules of a database and what they did. */
export async function getRetention(ctx: RequestContext): Promise<void> {
  const { name, state } = await databaseOf(ctx)
  const {
    purge_tombstones_older_than: age = null,
    forget_peers_after: forget = null,
    expires_field: field = null,
  } = state.retention ?? {}
  sendJson(ctx, {
    purge_tombstones_older_than: age,
    forget_peers_after: forget,
    expires_field: field,
    status: ctx.services.retention.reportOf(name),
  })
}

/** Replaces the rules; members that are left out are no rules. */
export async function putRetention(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const given = await readJson(ctx, 'settings')
  const retention = parseRetention(withoutStatus(given))
  await database.write({ kind: 'set_retention', retention })
  ctx.services.retention.rulesChanged(database)
  sendJson(ctx, { ok: true })
}

/** Leaves out the status, so that the answer to GET can be put as it is. */
function withoutStatus(given: unknown): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given
  const { status: _status, ...rules } = given as Readonly<Record<string, unknown>>
  return rules
}
