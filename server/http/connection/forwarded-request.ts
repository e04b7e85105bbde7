import type { IncomingMessage, ServerResponse } from 'node:http'
import type { UserContext } from '../../../protocol/user-context.ts'

/** Both ends of a client's connection. */
export interface ConnectionEnds {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
}

/** The user whom credentials prove, and for how long, see `Authentication`. */
export interface FoundUser {
  readonly user: UserContext
  readonly proof?: string | undefined
  readonly setCookie: string | undefined
  readonly until: number | undefined
  readonly hasDocument?: boolean
}

/** A request that a front thread took from a client and handed on to the store thread. */
export interface ForwardedRequest {
  readonly ends: ConnectionEnds
  /** Tells the front thread along with the answer whom the request's credentials prove. */
  approve(res: ServerResponse, found: FoundUser): void
}

const forwarded = new WeakMap<IncomingMessage, ForwardedRequest>()

/** Notes that a request came from a front thread. */
export function noteForwarded(req: IncomingMessage, from: ForwardedRequest): void {
  forwarded.set(req, from)
}

/** Returns where a request was forwarded from; undefined of one that came to this thread itself. */
export function forwardedFrom(req: IncomingMessage): ForwardedRequest | undefined {
  return forwarded.get(req)
}

/** Returns the ends of the client's connection, wherever it came in. */
export function connectionEnds(req: Pick<IncomingMessage, 'socket'>): ConnectionEnds {
  return forwarded.get(req as IncomingMessage)?.ends ?? req.socket
}

/** Returns the URL to which a client sent a request that was forwarded; undefined where it was not. */
export function urlAskedFor(req: IncomingMessage): string | undefined {
  const { localAddress, localPort } = forwarded.get(req)?.ends ?? {}
  if (localAddress === undefined || localPort === undefined) return undefined
  const address = localAddress.replace(/^::ffff:(?=[\d.]+$)/, '')
  return `http://${address.includes(':') ? `[${address}]` : address}:${localPort}`
}
