import { requiredRight } from './access.ts'
import { splitPath } from './path.ts'
import type { RouteEntry, RouteMatch, PathSegment } from './route.ts'

/** The routes that begin with the same segments. */
interface Node<Handler> {
  readonly texts: Map<string, Node<Handler>>
  /** By the kinds of segments that they take, which exclude one another or are tried in the table's order. */
  readonly names: { readonly takes: (segment: PathSegment) => boolean; readonly node: Node<Handler> }[]
  /** The route that ends here. */
  route?: CompiledRoute<Handler>
  /** The route that takes all that follows. */
  rest?: CompiledRoute<Handler>
}

interface CompiledRoute<Handler> {
  readonly route: RouteEntry<Handler>
  /** The names in the path, with the positions of their segments. */
  readonly names: readonly (readonly [name: string, position: number])[]
  /** Number of segments before `*name`. */
  readonly length: number
}

/**
 * Finds a request's route, its parameters and the right that it needs, in one walk through a tree of segments.
 */
export class RouteMatcher<Handler> {
  readonly #root: Node<Handler> = newNode()

  /** @throws if two routes have the same path */
  constructor(routes: readonly RouteEntry<Handler>[]) {
    for (const route of routes) this.#add(route)
  }

  /**
   * @param path as the client wrote it, percent-encoded, without the query
   * @param usersDatabase the configured name of the users database
   */
  match(method: string, path: string, usersDatabase = '_users'): RouteMatch<Handler> {
    const segments = splitPath(path)
    const found = path.startsWith('/') ? find(this.#root, segments, 0) : undefined
    if (found === undefined) return { ...UNKNOWN, segments }
    const params: Record<string, PathSegment> = {}
    for (const [name, position] of found.names) params[name] = segments[position] ?? null
    return {
      route: found.route,
      right: requiredRight(found.route, method, params['db'], usersDatabase),
      params,
      rest: segments.length > found.length ? segments.slice(found.length) : NOTHING,
      segments,
    }
  }

  #add(route: RouteEntry<Handler>): void {
    const parts = route.path.split('/').filter(part => part !== '')
    const names = parts.flatMap((part, position) =>
      part.startsWith(':') ? [[part.slice(1), position] as const] : [],
    )
    const hasRest = parts.at(-1)?.startsWith('*') === true
    const length = hasRest ? parts.length - 1 : parts.length
    const node = parts.slice(0, length).reduce(child, this.#root)
    const end = hasRest ? 'rest' : 'route'
    if (node[end] !== undefined) throw new Error(`two routes have the path ${route.path}`)
    node[end] = { route, names, length }
  }
}

const NOTHING: readonly PathSegment[] = []

/** A path that nobody thought of is closed. */
const UNKNOWN = { route: undefined, right: 'server-admin', params: {}, rest: NOTHING } as const

function newNode<Handler>(): Node<Handler> {
  return { texts: new Map(), names: [] }
}

function child<Handler>(node: Node<Handler>, part: string): Node<Handler> {
  if (!part.startsWith(':')) {
    const next = node.texts.get(part) ?? newNode<Handler>()
    node.texts.set(part, next)
    return next
  }
  const takes = TAKES[part] ?? takesAny
  const known = node.names.find(edge => edge.takes === takes)
  if (known !== undefined) return known.node
  const next = newNode<Handler>()
  node.names.push({ takes, node: next })
  return next
}

/** The id of a document begins with an underscore only below a path of its own. */
const TAKES: Readonly<Record<string, (segment: PathSegment) => boolean>> = {
  ':docid': segment => segment?.startsWith('_') !== true,
  ':systemName': segment => segment?.startsWith('_') === true,
}

function takesAny(): boolean {
  return true
}

/** Goes back to the next possibility where a branch has no route for the whole path. */
function find<Handler>(
  node: Node<Handler>,
  segments: readonly PathSegment[],
  position: number,
): CompiledRoute<Handler> | undefined {
  const segment = segments[position]
  if (segment === undefined) return node.route
  const text = segment === null ? undefined : node.texts.get(segment)
  const found = text && find(text, segments, position + 1)
  if (found !== undefined) return found
  for (const { takes, node: next } of node.names) {
    const named = takes(segment) ? find(next, segments, position + 1) : undefined
    if (named !== undefined) return named
  }
  return node.rest
}
