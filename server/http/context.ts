import type Koa from 'koa'
import type { UserContext } from '../../protocol/user-context.ts'
import type { Database } from '../database/database.ts'
import type { Services } from '../services.ts'

export interface RequestState {
  /** Who asks. */
  user: UserContext
  /** Names the request in its answer and in the log. */
  requestId?: string
  /** The database that the path names, once the user may see it. */
  database?: Database
  /** The request's body, where a function has read it before the route, or has put another in its place. */
  body?: Buffer
  /** How often the path was rewritten. */
  rewrites?: number
}

/** A request on its way through a route: koa's context with what the path named and who asks. */
export type RequestContext = Koa.ParameterizedContext<RequestState> & {
  params: Record<string, string>
  services: Services
  /** Has another path answer the request. */
  redispatch(url: string): Promise<void>
}

export type Handler = (ctx: RequestContext) => Promise<void> | void
