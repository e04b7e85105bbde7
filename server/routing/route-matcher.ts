import type Router from '@koa/router'
import type { RequestContext, RequestState } from '../http/context.ts'
import { endpointsOf } from './route.ts'

type Route = (ctx: never, next: () => Promise<void>) => unknown

/** The beginning of an endpoint's path: text, or undefined where the path has a name for any text. */
interface Beginning {
  readonly first: string | undefined
  /** Empty where the path ends. */
  readonly second: string | undefined
}

/**
 * Asks the routers for a path, one after the other, until one has answered. A router tries the patterns of all its
 * paths, so only those are asked that have one that begins as the path does.
 */
export class Dispatch {
  readonly #routers: readonly { readonly route: Route; readonly beginnings: readonly Beginning[] }[]
  /** What stands in some endpoint's path. */
  readonly #firsts: ReadonlySet<string | undefined>
  readonly #seconds: ReadonlySet<string | undefined>
  readonly #chains = new Map<string, readonly Route[]>()

  constructor(routers: readonly Router<RequestState>[]) {
    this.#routers = routers.map(router => ({
      route: router.routes(),
      beginnings: endpointsOf(router).map(({ path }) => beginningOf(path)),
    }))
    const all = this.#routers.flatMap(({ beginnings }) => beginnings)
    this.#firsts = new Set(all.map(({ first }) => first))
    this.#seconds = new Set(all.map(({ second }) => second))
  }

  /** Leaves the answer as it is where no path matches. */
  async answer(ctx: RequestContext): Promise<void> {
    for (const route of this.#chainOf(ctx.path)) {
      let isAnswered = true
      await route(ctx as never, () => {
        isAnswered = false
        return DONE
      })
      if (isAnswered) return
    }
  }

  #chainOf(path: string): readonly Route[] {
    const [, one = '', two = ''] = path.split('/', 3)
    const first = this.#firsts.has(one) ? one : ANY
    const second = this.#seconds.has(two) ? two : ANY
    const key = `${first}/${second}`
    let chain = this.#chains.get(key)
    if (chain === undefined) {
      chain = this.#routers
        .filter(({ beginnings }) => beginnings.some(beginning => canBegin(beginning, first, second)))
        .map(({ route }) => route)
      this.#chains.set(key, chain)
    }
    return chain
  }
}

/** Stands for a text that is in no endpoint's path; no segment has a slash. */
const ANY = '/'

const DONE = Promise.resolve()

function beginningOf(path: string): Beginning {
  const [, first = '', second = ''] = path.split('/', 3)
  return { first: isNamed(first) ? undefined : first, second: isNamed(second) ? undefined : second }
}

function isNamed(segment: string): boolean {
  return segment.startsWith(':') || segment.startsWith('*')
}

function canBegin(beginning: Beginning, first: string, second: string): boolean {
  const isSecond = beginning.second === undefined || beginning.second === second
  return isSecond && (beginning.first === undefined || beginning.first === first)
}
