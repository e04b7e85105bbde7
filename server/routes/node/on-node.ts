import { fail } from '../../../protocol/errors.ts'
import { NODE_NAME } from '../../node/node-name.ts'
import type { Handler, RequestContext } from '../context.ts'

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
export function onNode(handler: Handler): Handler {
  return ctx => {
    const node = ctx.params.node ?? ''
    if (node === '_local' || node === NODE_NAME) return handler(ctx)
    throw fail(node === UNNAMED_NODE ? 'nodeDown' : 'noSuchNode', node)
  }
}

/** Makes a handler that looks at the request before it looks for the node, as CouchDB does where it changes settings. */
export function onNodeAfter(check: (ctx: RequestContext) => Promise<void> | void, handler: Handler): Handler {
  const onThisNode = onNode(handler)
  return async ctx => {
    await check(ctx)
    await onThisNode(ctx)
  }
}
