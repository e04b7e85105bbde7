import type Router from '@koa/router'
import { isDatabaseName } from '../../protocol/database-name.ts'
import { fail } from '../../protocol/errors.ts'
import type { Handler, RequestContext, RequestState } from '../http/context.ts'
import { decodeSegment } from '../http/request/percent.ts'

export type Methods = Readonly<Record<string, Handler>>

/** A path with the methods that it takes. */
export interface Endpoint {
  readonly path: string
  readonly methods: readonly string[]
}

const registered = new WeakMap<Router<RequestState>, Endpoint[]>()

/** What was registered with a router. */
export function endpointsOf(router: Router<RequestState>): readonly Endpoint[] {
  return registered.get(router) ?? []
}

/**
 * Registers a path with its methods. HEAD is answered by GET unless it has a handler of its own; any other method is 405,
 * with the methods in `Allow` as they are written here: CouchDB's order, and HEAD only where CouchDB names it.
 *
 * A path is text with `:name` for a segment and `*name` for all that follows; a trailing slash is forgiven. Names are
 * decoded as CouchDB decodes them: `+` is a space.
 *
 * @param allowed what `Allow` names, where CouchDB does not name every method
 */
export function endpoint(
  router: Router<RequestState>,
  path: string,
  methods: Methods,
  allowed = Object.keys(methods).join(','),
): void {
  const { pattern, names } = compilePath(path)
  registered.set(router, [...endpointsOf(router), { path, methods: Object.keys(methods) }])
  router.all(pattern, async context => {
    const ctx = context as unknown as RequestContext
    ctx.params = namedParameters(names, pattern.exec(ctx.path))
    const handler = methods[ctx.method] ?? (ctx.method === 'HEAD' ? methods.GET : undefined)
    if (handler === undefined) {
      if (names.includes('db')) await requireDatabase(ctx)
      ctx.set('Allow', allowed)
      throw fail('methodNotAllowed', allowed)
    }
    await handler(ctx)
  })
}

/** A database that is not there has no methods. @throws `noDatabase` */
async function requireDatabase(ctx: RequestContext): Promise<void> {
  const name = decodeSegment(ctx.params.db ?? '')
  if (name === undefined || !isDatabaseName(name) || !(await ctx.services.catalog.exists(name))) {
    throw fail('noDatabase')
  }
}

function compilePath(path: string): { pattern: RegExp; names: string[] } {
  const names: string[] = []
  const source = path
    .replace(/[.*+?^${}()|[\]\\]/g, match => (match === '*' ? '*' : `\\${match}`))
    .replace(/([:*])(\w+)/g, (_match, kind: string, name: string) => {
      names.push(name)
      // What the scheduler and resharding list is no database's.
      if (name === 'db') return '((?!_(?:scheduler|reshard)/)[^/]+)'
      // A document's id begins with an underscore only where a path of its own says so.
      if (name === 'docid') return '([^_/][^/]*)'
      if (name === 'underscored') return '(_[^/]+)'
      return kind === '*' ? '(.+)' : '([^/]+)'
    })
  return { pattern: new RegExp(`^${source}/*$`), names }
}

function namedParameters(names: readonly string[], match: RegExpExecArray | null): Record<string, string> {
  const params: Record<string, string> = {}
  for (const [at, name] of names.entries()) params[name] = match?.[at + 1] ?? ''
  return params
}
