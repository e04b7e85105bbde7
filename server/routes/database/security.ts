import { canonicalizeInSteps } from '../../../protocol/json/canonical.ts'
import { fail } from '../../../protocol/errors.ts'
import { requireDbAdmin } from '../../auth/authorize.ts'
import { usersDatabase } from '../../auth/users/directory.ts'
import { readJsonBody } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { sendJson } from '../../http/response/reply.ts'
import { runInTurns } from '../../concurrency/time-slice.ts'
import { databaseOf } from '../shared/path-names.ts'

export async function getSecurity(ctx: RequestContext): Promise<void> {
  sendJson(ctx, (await databaseOf(ctx)).securityText)
}

export async function putSecurity(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const { config } = ctx.services
  const isUsers = database.name === usersDatabase(config)
  if (isUsers && !config.boolean('couchdb', 'users_db_security_editable')) {
    throw fail('forbidden', "You can't edit the security object of the user database.")
  }
  requireDbAdmin(ctx.state.user, database.security)
  const json = await readJsonBody(ctx, 'settings')
  requireDbAdmin(ctx.state.user, database.security)
  const { text } = await runInTurns(canonicalizeInSteps(json, { term: false }))
  await database.setSecurity(text)
  sendJson(ctx, { ok: true })
}
