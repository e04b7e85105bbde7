import { join } from 'node:path'
import { fail } from '../../../protocol/errors.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import type { ReplicationRequest } from '../../../protocol/replication-request.ts'
import { type CompareOptions, compare } from '../../../replicator/compare.ts'
import type { Peer } from '../../../replicator/peer.ts'
import type { Config } from '../../config/config.ts'
import { requireJson } from '../../http/request/body.ts'
import { peerOf } from '../../http/connection/peer.ts'
import { streamChunks } from '../../http/response/reply.ts'
import { LevelSorter } from '../../replication/document-sorter.ts'
import type { RequestContext } from '../context.ts'
import { runComparison } from '../queries/stream-query.ts'
import { parseTwoDatabases, readRequest, rethrowAsBadRequest } from '../replication/replication-body.ts'

/** Members of a request besides the databases. */
type Asked = Pick<CompareOptions, 'bodies' | 'from' | 'digests'>

/**
 * `POST /_compare`: compares two databases, named as in `_replicate`, leaf for leaf. The answer is NDJSON: a line for each
 * document that differs, lines that tell how far it is, and a summary.
 */
export async function postCompare(ctx: RequestContext): Promise<void> {
  const { name } = ctx.state.user
  if (name === null) throw fail('unauthorized', 'You are not an authenticated user')
  requireJson(ctx)
  const body = await readRequest(ctx)
  const asked = parseTwoDatabases(ctx, body, 'a comparison')
  const options = optionsOf(body)
  const request = { ...asked, user: ctx.state.user }
  const answer = async (signal: AbortSignal): Promise<void> => {
    ctx.status = 200
    ctx.set('Content-Type', 'application/x-ndjson')
    ctx.set('Cache-Control', 'must-revalidate')
    await streamChunks(ctx, lines(ctx, request, options, signal))
  }
  await runComparison(ctx, answer)
}

/** @throws `bad_request` */
function optionsOf({ bodies = false, from, digests = true }: JsonObject): Asked {
  if (typeof bodies !== 'boolean') throw fail('badRequest', '`bodies` is true or false')
  if (typeof digests !== 'boolean') throw fail('badRequest', '`digests` is true or false')
  if (from !== undefined && typeof from !== 'string') throw fail('badRequest', '`from` is an id')
  return { bodies, digests, from }
}

async function* lines(
  ctx: RequestContext,
  request: ReplicationRequest,
  asked: Asked,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { replicator, config } = ctx.services
  try {
    const peers = await openSides(ctx, request)
    try {
      const task = replicator.comparisons.begin({
        user: ctx.state.user.name,
        source: peers.source.url,
        target: peers.target.url,
        total_documents: await totalOf(peers, signal),
      })
      try {
        const batchSize = config.integer('compare', 'batch_size')
        for await (const line of compare(peers, batchSize, signal, { ...settingsOf(config), ...asked })) {
          task.note(line)
          yield Buffer.from(`${JSON.stringify(line)}\n`)
        }
      } finally {
        task.end()
      }
    } finally {
      await Promise.all([peers.source.close(), peers.target.close()])
    }
  } catch (error) {
    rethrowAsBadRequest(error)
  }
}

/** Opens both databases for the user of the request. To be closed. */
export async function openSides(
  { req, services: { replicator, config }, state: { user } }: RequestContext,
  request: ReplicationRequest,
): Promise<{ readonly source: Peer; readonly target: Peer }> {
  return replicator.peersOf(request, {
    maker: await replicator.users.of(user),
    loginFrom: peerOf(req, config),
  })
}

function settingsOf(config: Config): CompareOptions {
  const integer = (key: 'parts' | 'listed' | 'content_batch' | 'progress_interval'): number =>
    config.integer('compare', key)
  return {
    openSorter: () =>
      LevelSorter.open(
        join(config.text('couchdb', 'database_dir'), 'compare'),
        config.integer('compare', 'max_listing_size'),
      ),
    limits: { parts: integer('parts'), listed: integer('listed') },
    contentBatch: integer('content_batch'),
    progressMs: integer('progress_interval'),
  }
}

/** Returns the documents of the side that has more; 0 where a side does not say: what it says of its leaves counts. */
async function totalOf(
  { source, target }: { readonly source: Peer; readonly target: Peer },
  signal: AbortSignal,
): Promise<number> {
  const countOf = async (peer: Peer): Promise<number> => {
    const { documents, deletedDocuments } = await peer.info(signal)
    return documents + deletedDocuments
  }
  const both = await Promise.allSettled([countOf(source), countOf(target)])
  return Math.max(...both.map(count => (count.status === 'fulfilled' ? count.value : 0)))
}
