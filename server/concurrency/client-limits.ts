import { LRUCache } from 'lru-cache'

/** Limits of one client; 0 is no limit. */
export interface Limits {
  /** Requests a second, in the long run. */
  readonly rate: number
  /** Requests at once after a rest; 0 for those of one second. */
  readonly burst: number
  /** Requests that are being answered, without feeds that wait for changes. */
  readonly requests: number
  /** Feeds that wait for changes. */
  readonly feeds: number
}

export type RequestKind = 'requests' | 'feeds'

/** A request that was admitted; `leave` is called once, when its answer has ended. */
export interface Admitted {
  readonly leave: () => void
}

/** A request that came too soon or is one too many. */
export interface Refused {
  /** Seconds after which another try may be admitted. */
  readonly retryAfter: number
}

interface Client {
  /** Requests that may come now. */
  tokens: number
  /** Milliseconds of the monotonic clock at which `tokens` was counted. */
  since: number
  requests: number
  feeds: number
}

/** Clients that are remembered; the ones that were quiet for longest are forgotten, which only gives them a new burst. */
const MAX_CLIENTS = 50_000

/** Counts the requests of each client against limits: a rate with a burst (a token bucket), and how many run at once. */
export class ClientLimits {
  readonly #clients = new LRUCache<string, Client>({ max: MAX_CLIENTS })
  readonly #now: () => number

  /** @param now milliseconds of a clock that is never set */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Returns the number of clients that are remembered. */
  get size(): number {
    return this.#clients.size
  }

  enter(key: string, kind: RequestKind, limits: Limits): Admitted | Refused {
    const client = this.#clientOf(key, limits)
    const most = limits[kind]
    // When one of them ends is not known.
    if (most > 0 && client[kind] >= most) return { retryAfter: 1 }
    const wait = limits.rate > 0 ? takeToken(client, limits, this.#now()) : 0
    if (wait > 0) return { retryAfter: wait }
    client[kind] += 1
    return {
      leave: () => {
        client[kind] -= 1
      },
    }
  }

  #clientOf(key: string, limits: Limits): Client {
    const known = this.#clients.get(key)
    if (known !== undefined) return known
    const client = { tokens: capacityOf(limits), since: this.#now(), requests: 0, feeds: 0 }
    this.#clients.set(key, client)
    return client
  }
}

/** Takes a token of the client's; returns 0, or after how many whole seconds there is one. */
function takeToken(client: Client, limits: Limits, now: number): number {
  const earned = ((now - client.since) / 1000) * limits.rate
  client.tokens = Math.min(capacityOf(limits), client.tokens + earned)
  client.since = now
  if (client.tokens < 1) return Math.max(1, Math.ceil((1 - client.tokens) / limits.rate))
  client.tokens -= 1
  return 0
}

function capacityOf({ rate, burst }: Limits): number {
  return burst > 0 ? burst : Math.max(1, rate)
}
