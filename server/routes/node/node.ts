import { getHashes } from 'node:crypto'
import { fail } from '../../../protocol/errors.ts'
import type { RequestContext } from '../context.ts'
import { sendJson } from '../../http/response/reply.ts'
import { NODE_NAME } from '../../node/node-name.ts'
import { statsAt, statsTree } from '../../metrics/stats.ts'
import { systemState } from '../../metrics/system.ts'
import { checkFiles } from './config.ts'

export function membership(ctx: RequestContext): void {
  const { cluster } = ctx.services
  const nodes = cluster === undefined ? [NODE_NAME] : Object.keys(cluster.group?.place.members ?? {}).sort()
  sendJson(ctx, { all_nodes: nodes, cluster_nodes: nodes })
}

export function incomplete(): void {
  throw fail('badRequest', 'Incomplete path to _node request')
}

/** As CouchDB does for those who test it: answered first. @throws `missing` where nobody can restart the server */
export async function restart(ctx: RequestContext): Promise<void> {
  const begin = ctx.services.restart
  if (begin === undefined) throw fail('missing')
  await checkFiles(ctx)
  sendJson(ctx, { ok: true })
  setImmediate(begin)
}

export function nothing(): never {
  throw fail('missing')
}

export function name(ctx: RequestContext): void {
  sendJson(ctx, { name: NODE_NAME })
}

export async function stats(ctx: RequestContext): Promise<void> {
  await ctx.services.metrics.refresh()
  const path = ctx.rest.map(segment => segment ?? '')
  sendJson(ctx, statsAt(statsTree(ctx.services.metrics), path))
}

export async function prometheus(ctx: RequestContext): Promise<void> {
  ctx.set('Content-Type', 'text/plain; version=2.0')
  ctx.body = await ctx.services.observability.prometheus()
}

export function system(ctx: RequestContext): void {
  sendJson(ctx, systemState())
}

/** The channels of automatic compaction. */
export function smooshStatus(ctx: RequestContext): void {
  sendJson(ctx, { channels: ctx.services.autoCompaction.status })
}

/** Whatever the node is called, this one answers. */
export function versions(ctx: RequestContext): void {
  sendJson(ctx, {
    javascript_engine: { name: 'quickjs' },
    node: { version: process.versions.node, v8: process.versions.v8, supported_hashes: getHashes() },
    collation_driver: { name: 'cldr-root', library_version: process.versions.icu ?? '' },
  })
}
