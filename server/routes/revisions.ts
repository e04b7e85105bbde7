import type Router from '@koa/router'
import type { DocId } from '../../protocol/document-id.ts'
import { fail } from '../../protocol/errors.ts'
import { parseJson } from '../../protocol/json/parse-json.ts'
import { parseRev, type Rev } from '../../protocol/revision.ts'
import { revsDiff } from '../database/revs-diff.ts'
import { readJsonBody, requireJson } from '../http/body.ts'
import type { RequestContext, RequestState } from '../http/context.ts'
import { endpoint } from '../http/endpoints.ts'
import { sendJson } from '../http/reply.ts'
import { runQuery } from '../http/stream-query.ts'
import type { Database } from '../database/database.ts'
import { databaseOf } from './database-of.ts'
import { checkSoughtId } from './document-limits.ts'

export function revisionRoutes(router: Router<RequestState>): void {
  endpoint(router, '/:db/_revs_diff', { POST: postRevsDiff })
  endpoint(router, '/:db/_missing_revs', { POST: postMissingRevs })
}

async function postRevsDiff(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const asked = await askedRevisions(ctx, database)
  const missing = await runQuery(ctx, () => revsDiff(database, asked))
  sendJson(
    ctx,
    Object.fromEntries(
      missing.map(({ id, missing, possibleAncestors }) => [
        id,
        possibleAncestors.length > 0 ? { missing, possible_ancestors: possibleAncestors } : { missing },
      ]),
    ),
  )
}

async function postMissingRevs(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const asked = await askedRevisions(ctx, database)
  const missing = await runQuery(ctx, () => revsDiff(database, asked))
  sendJson(ctx, { missing_revs: Object.fromEntries(missing.map(({ id, missing }) => [id, missing])) })
}

/** The body of both: `{"doc":["1-abc", …], …}`. */
async function askedRevisions(ctx: RequestContext, database: Database): Promise<Map<DocId, Rev[]>> {
  requireJson(ctx)
  const body = parseJson(await readJsonBody(ctx))
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw fail('bodyNotObject')
  const asked = new Map<DocId, Rev[]>()
  for (const [id, revs] of Object.entries(body)) {
    if (!Array.isArray(revs)) throw fail('badRequest', 'Invalid list of revisions')
    checkSoughtId(database, id)
    asked.set(id as DocId, revs.map(parseRev))
  }
  return asked
}
