import { getHashes } from 'node:crypto'
import type Router from '@koa/router'
import { fail } from '../../../protocol/errors.ts'
import type { Handler, RequestContext, RequestState } from '../../http/context.ts'
import { endpoint } from '../../routing/route.ts'
import { decodeSegment } from '../../http/request/percent.ts'
import { sendJson } from '../../http/response/reply.ts'
import { NODE_NAME } from '../../node-name.ts'
import { metricsText } from '../../replication/prometheus.ts'
import { statsAt, statsTree } from '../../metrics/stats.ts'
import { systemState } from '../../metrics/system.ts'
import {
  checkFiles,
  checkPut,
  checkSection,
  deleteValue,
  getAll,
  getSection,
  getValue,
  putValue,
  reload,
} from './config.ts'
import { getHealth, getLog, getSettings } from './insight.ts'

export function nodeRoutes(router: Router<RequestState>): void {
  endpoint(router, '/_membership', { GET: membership })
  endpoint(router, '/_node', { GET: incomplete })
  endpoint(router, '/_node/:node', { GET: onNode(name) })
  endpoint(router, '/_node/:node/_config', { GET: onNode(getAll) })
  endpoint(router, '/_node/:node/_config/_reload', { POST: onNode(reload) })
  endpoint(router, '/_node/:node/_config/:section', { GET: onNode(getSection) })
  endpoint(router, '/_node/:node/_config/:section/:key', {
    GET: onNode(getValue),
    PUT: onNodeAfter(checkPut, putValue),
    DELETE: onNodeAfter(checkSection, deleteValue),
  })
  endpoint(router, '/_node/:node/_settings', { GET: onNode(getSettings) })
  endpoint(router, '/_node/:node/_log', { GET: onNode(getLog) })
  endpoint(router, '/_node/:node/_health', { GET: onNode(getHealth) })
  endpoint(router, '/_node/:node/_stats', { GET: onNode(stats) })
  endpoint(router, '/_node/:node/_stats/*path', { GET: onNode(stats) })
  endpoint(router, '/_node/:node/_system', { GET: onNode(ctx => sendJson(ctx, systemState())) })
  endpoint(router, '/_node/:node/_prometheus', { GET: onNode(prometheus) })
  endpoint(router, '/_node/:node/_smoosh/status', {
    GET: onNode(ctx => sendJson(ctx, { channels: ctx.services.autoCompaction.status })),
  })
  // Whatever the node is called, this one answers.
  endpoint(router, '/_node/:node/_versions', { GET: versions })
  endpoint(router, '/_node/:node/_restart', { POST: onNode(restart) })
  const others = onNode(nothing)
  const methods = { DELETE: others, GET: others, POST: others, PUT: others, COPY: others }
  endpoint(router, '/_node/:node/*rest', methods)
}

/**
 * The name of an Erlang node without one. Each CouchDB knows it, and takes it for a node that is down; old guides and
 * scripts ask for it.
 */
const UNNAMED_NODE = 'nonode@nohost'

/**
 * Makes a handler for requests to this node, by its name or as `_local`.
 *
 * @throws `noSuchNode`, `nodeDown`
 */
function onNode(handler: Handler): Handler {
  return ctx => {
    const node = decodeSegment(ctx.params.node ?? '') ?? ''
    if (node === '_local' || node === NODE_NAME) return handler(ctx)
    throw fail(node === UNNAMED_NODE ? 'nodeDown' : 'noSuchNode', node)
  }
}

/** Makes a handler that looks at the request before it looks for the node, as CouchDB does where it changes settings. */
function onNodeAfter(check: (ctx: RequestContext) => Promise<void> | void, handler: Handler): Handler {
  const onThisNode = onNode(handler)
  return async ctx => {
    await check(ctx)
    await onThisNode(ctx)
  }
}

function membership(ctx: RequestContext): void {
  sendJson(ctx, { all_nodes: [NODE_NAME], cluster_nodes: [NODE_NAME] })
}

function incomplete(): void {
  throw fail('badRequest', 'Incomplete path to _node request')
}

/** As CouchDB does for those who test it: answered first. @throws `missing` where nobody can restart the server */
async function restart(ctx: RequestContext): Promise<void> {
  const begin = ctx.services.restart
  if (begin === undefined) throw fail('missing')
  await checkFiles(ctx)
  sendJson(ctx, { ok: true })
  setImmediate(begin)
}

function nothing(): never {
  throw fail('missing')
}

function name(ctx: RequestContext): void {
  sendJson(ctx, { name: NODE_NAME })
}

function stats(ctx: RequestContext): void {
  const path = (ctx.params.path ?? '').split('/').filter(segment => segment !== '')
  sendJson(ctx, statsAt(statsTree(ctx.services.metrics), path))
}

function prometheus(ctx: RequestContext): void {
  ctx.set('Content-Type', 'text/plain; version=2.0')
  ctx.body = metricsText(ctx.services.metrics, ctx.services.replicator)
}

function versions(ctx: RequestContext): void {
  sendJson(ctx, {
    javascript_engine: { name: 'quickjs' },
    node: { version: process.versions.node, v8: process.versions.v8, supported_hashes: getHashes() },
    collation_driver: { name: 'cldr-root', library_version: process.versions.icu ?? '' },
  })
}
