import type Koa from 'koa'
import type { Logger } from 'pino'
import type { UserContext } from '../../protocol/user-context.ts'
import type { Config } from '../config/config.ts'
import type { UnreadAnswers } from './response/unread-answers.ts'
import type { BodyMemory } from './request/body-memory.ts'

/** The services that reading requests and writing answers needs; the application hands them to each request. */
export interface HttpServices {
  readonly config: Config
  readonly log: Logger
  /** The memory that request bodies may take. */
  readonly bodies: BodyMemory
  /** The memory that answers take whose clients do not read them. */
  readonly unreadAnswers: UnreadAnswers
  readonly serverHeader: string
}

export interface HttpState {
  user: UserContext
  /** Names the request in its answer and in the log. */
  requestId?: string
  /** The request's body, where a function has read it before the route, or has put another in its place. */
  body?: Buffer
  /**
   * Asks for the request's rights again, when its body was read; undefined where nothing was withdrawn.
   *
   * @throws what refuses the request now
   */
  renewRights?: () => Promise<void> | undefined
}

/** A request and its answer, as far as HTTP goes: koa's context with the services of this folder. */
export type HttpContext = Koa.ParameterizedContext<HttpState> & { services: HttpServices }
