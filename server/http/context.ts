import type Koa from 'koa'
import type { Services } from '../services.ts'

/** Who sends a request. */
export interface UserContext {
  readonly name: string | null
  readonly roles: readonly string[]
}

export const ADMIN_ROLE = '_admin'

export interface RequestState {
  user: UserContext
}

/** A request on its way through a route: koa's context with what the path named and who asks. */
export type RequestContext = Koa.ParameterizedContext<RequestState> & {
  params: Record<string, string>
  services: Services
}

export type Handler = (ctx: RequestContext) => Promise<void> | void
