import { fail } from '../../../protocol/errors.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import { parseJsonObject } from '../../../protocol/json/parse-json.ts'
import { requireDbAdmin } from '../../auth/authorize.ts'
import { readJsonBody, requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { sendJson } from '../../http/response/reply.ts'
import { runQuery } from './stream-query.ts'
import { tryView, type ViewFunctions } from '../../query/views/answer/try-view.ts'
import { databaseOf } from '../shared/path-names.ts'

export async function postTrial(ctx: RequestContext): Promise<void> {
  requireJson(ctx)
  const database = await databaseOf(ctx)
  requireDbAdmin(ctx.state.user, database.security)
  const body = await readJsonBody(ctx, 'query')
  requireDbAdmin(ctx.state.user, database.security)
  const { functions, documents } = parseTrial(
    parseJsonObject(body),
    ctx.services.config.integer('couchette', 'max_trial_documents'),
  )
  const { sandbox } = ctx.services.queries
  const owner = String(database.record.number)
  const { rows, reduced } = await runQuery(ctx, () => tryView(sandbox, owner, functions, documents))
  const reduction = reduced === undefined ? '' : `,"reduced":${reduced}`
  sendJson(ctx, Buffer.from(`{"total_rows":${rows.length},"rows":[\n${rows.join(',\n')}\n]${reduction}}`))
}

interface Trial {
  readonly functions: ViewFunctions
  readonly documents: readonly JsonObject[]
}

/** @throws `bad_request` */
function parseTrial(body: Record<string, unknown>, most: number): Trial {
  const { map, reduce, language = 'javascript', docs } = body
  if (typeof map !== 'string') throw fail('badRequest', '`map` must be a string.')
  if (reduce !== undefined && typeof reduce !== 'string')
    throw fail('badRequest', '`reduce` must be a string.')
  if (language !== 'javascript' && language !== 'coffeescript') {
    throw fail('badRequest', '`language` must be "javascript" or "coffeescript".')
  }
  if (!Array.isArray(docs) || !docs.every(isObject)) {
    throw fail('badRequest', '`docs` must be an array of documents.')
  }
  if (docs.length > most) throw fail('badRequest', `A trial takes at most ${most} documents.`)
  return { functions: { map, reduce, language }, documents: docs }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
