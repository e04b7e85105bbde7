import { fail } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'
import type { ReplicationRequest } from '../../../protocol/replication-request.ts'
import {
  repairDocuments,
  type RepairedDocument,
  type RepairOptions,
} from '../../../replicator/comparison/repair-documents.ts'
import { requireJson } from '../../http/request/body.ts'
import { streamChunks } from '../../http/response/reply.ts'
import { planLimits } from '../../replication/replication-settings.ts'
import type { RequestContext } from '../context.ts'
import { runComparison } from '../queries/stream-query.ts'
import { parseTwoDatabases, readRequest, rethrowAsBadRequest } from '../replication/replication-body.ts'
import { openSides } from './compare.ts'

/** A repair as it is asked for. */
type Asked = Omit<RepairOptions, 'plan'> & { readonly documents: readonly RepairedDocument[] }

/**
 * `POST /_repair`: repairs revisions that differ between two databases, named as in `_replicate`, although both have them. The
 * answer is NDJSON: a line for each revision.
 */
export async function postRepair(ctx: RequestContext): Promise<void> {
  if (ctx.state.user.name === null) throw fail('unauthorized', 'You are not an authenticated user')
  requireJson(ctx)
  const body = await readRequest(ctx)
  const sides = parseTwoDatabases(ctx, body, 'a repair')
  const asked = parseRepair(body)
  const request = { ...sides, user: ctx.state.user }
  await runComparison(ctx, async signal => {
    ctx.status = 200
    ctx.set('Content-Type', 'application/x-ndjson')
    ctx.set('Cache-Control', 'must-revalidate')
    await streamChunks(ctx, lines(ctx, request, asked, signal))
  })
}

async function* lines(
  ctx: RequestContext,
  request: ReplicationRequest,
  { documents, ...asked }: Asked,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const plan = { options: request.options, ...planLimits(ctx.services.config) }
  try {
    const peers = await openSides(ctx, request)
    try {
      for await (const line of repairDocuments(peers, documents, { ...asked, plan }, signal))
        yield Buffer.from(`${JSON.stringify(line)}\n`)
    } finally {
      await Promise.all([peers.source.close(), peers.target.close()])
    }
  } catch (error) {
    rethrowAsBadRequest(error)
  }
}

/** @throws `bad_request` */
function parseRepair({ documents, take, one_way: oneWay = false }: JsonObject): Asked {
  if (take !== undefined && take !== 'source' && take !== 'target')
    throw fail('badRequest', '`take` is "source" or "target"')
  if (typeof oneWay !== 'boolean') throw fail('badRequest', '`one_way` is true or false')
  if (!Array.isArray(documents)) throw fail('badRequest', '`documents` must be an array')
  return { documents: documents.map(documentOf), take, oneWay }
}

/** @throws `bad_request` */
function documentOf(value: JsonValue): RepairedDocument {
  const { id, rev, revs = [rev] } = isJsonObject(value) ? value : ({} as JsonObject)
  if (typeof id !== 'string' || !Array.isArray(revs) || revs.length === 0 || !revs.every(isText))
    throw fail(
      'badRequest',
      '`documents` takes objects with the texts `id` and `rev`, or `id` and an array `revs`',
    )
  return { id, revs, exchange: rev === undefined }
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string'
}
