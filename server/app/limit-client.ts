import { CouchError, fail } from '../../protocol/errors.ts'
import { isServerAdmin } from '../../protocol/user-context.ts'
import { networkOf } from '../auth/login/network.ts'
import type { Config } from '../config/config.ts'
import { AddressList } from '../http/connection/address-list.ts'
import { loginPeerOf } from '../http/connection/login-peer.ts'
import type { RequestContext } from '../routes/context.ts'
import type { Limits, RequestKind } from '../concurrency/client-limits.ts'
import { isFeed } from './request-kind.ts'
import { isClosed } from '../http/response/is-closed.ts'

/**
 * Counts a request against the limits of its address, before anything is spent on it. `_up` is never counted: whoever
 * watches the server must hear of it.
 *
 * @throws `too_many_requests`
 */
export function limitAddress(ctx: RequestContext): void {
  const { config } = ctx.services
  const limits = limitsOf('address', config)
  if (!isLimited(limits) || ctx.path === '/_up') return
  const address = loginPeerOf(ctx)
  if (isExempt(address, config)) return
  enter(ctx, `address ${networkOf(address)}`, limits, 'address')
}

/** Counts a request against the limits of its user. Anonymous requests have their address's limits alone. @throws `too_many_requests` */
export function limitUser(ctx: RequestContext): void {
  const { config } = ctx.services
  const { user } = ctx.state
  const limits = limitsOf('user', config)
  // Who repairs an overloaded server must not be kept out by its limits.
  if (!isLimited(limits) || user.name === null || isServerAdmin(user) || ctx.path === '/_up') return
  enter(ctx, `user ${user.name}`, limits, 'user')
}

/** Counts a request no longer: the thread that answers it does. */
export function withdrawLimits(ctx: RequestContext): void {
  for (const { leave, withdraw } of ctx.state.admissions?.splice(0) ?? []) {
    ctx.res.off('close', leave)
    withdraw()
  }
}

/** Names of the settings, made once: they are read for each request. */
const KEYS = { address: keysOf('address'), user: keysOf('user') }

function keysOf<Of extends string>(of: Of) {
  return {
    rate: `${of}_requests_per_second`,
    burst: `${of}_burst`,
    requests: `${of}_requests`,
    feeds: `${of}_feeds`,
  } as const
}

function limitsOf(of: 'address' | 'user', config: Config): Limits {
  const { rate, burst, requests, feeds } = KEYS[of]
  return {
    rate: config.integer('limits', rate),
    burst: config.integer('limits', burst),
    requests: config.integer('limits', requests),
    feeds: config.integer('limits', feeds),
  }
}

function isLimited({ rate, requests, feeds }: Limits): boolean {
  return rate > 0 || requests > 0 || feeds > 0
}

/**
 * 429 and not 503: the server has room, this client has had its share. CouchDB's replicator slows down on 429.
 *
 * @throws `too_many_requests`
 */
function enter(ctx: RequestContext, key: string, limits: Limits, of: 'address' | 'user'): void {
  const found = ctx.services.clientLimits.enter(key, kindOf(ctx), limits)
  if ('leave' in found) {
    // Once the connection is gone, no further event of its end comes.
    if (isClosed(ctx.res)) return found.leave()
    ctx.res.once('close', found.leave)
    ;(ctx.state.admissions ??= []).push(found)
    return
  }
  ctx.services.metrics.count(`couchette/limits/refused_by_${of}`)
  const { status, error, reason } = fail('tooManyRequests', of)
  throw new CouchError(status, error, reason, { 'Retry-After': String(found.retryAfter) })
}

function kindOf({ path, querystring }: RequestContext): RequestKind {
  return isFeed(path, querystring) ? 'feeds' : 'requests'
}

let exempt: { readonly entries: readonly string[]; readonly list: AddressList } | undefined

/** The configuration hands out the same list until it changes. */
function isExempt(address: string, config: Config): boolean {
  const entries = config.list('limits', 'exempt_addresses')
  if (exempt?.entries !== entries) exempt = { entries, list: new AddressList(entries) }
  return exempt.list.has(address)
}
