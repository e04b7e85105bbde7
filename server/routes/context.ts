import type { Admitted } from '../concurrency/client-limits.ts'
import type { Database } from '../database/database.ts'
import type { HttpContext, HttpState } from '../http/context.ts'
import type { RouteEntry, RouteMatch } from '../routing/route.ts'
import type { Services } from '../services.ts'

export interface RequestState extends HttpState {
  /** Proof of the user's account. */
  proof?: string | undefined
  /** `RevocableRequests.epoch` as the user's rights were found. */
  rightsEpoch?: number
  /** The database that the path names, once the user may see it. */
  database?: Database
  /** Path of the route that answers, as the table has it. */
  route?: string
  /** Copies that a write asked for, and those that are there. */
  copies?: { readonly wanted: number; readonly reached: number; readonly members: number }
  /** Number of times that the path was rewritten. */
  rewrites?: number
  /** Limits of clients that count the request. */
  admissions?: Admitted[]
}

/** A request on its way through a route, authenticated and authorized. */
export type RequestContext = HttpContext & {
  params: RouteMatch<unknown>['params']
  rest: RouteMatch<unknown>['rest']
  readonly state: RequestState
  services: Services
  /** Routes the request to another path, with the rights of the same user. */
  redispatch(url: string): Promise<void>
}

export type Handler = (ctx: RequestContext) => Promise<void> | void

export type Route = RouteEntry<Handler>

export type Methods = Route['methods']
