import type { LookupFunction, Socket } from 'node:net'
import { LRUCache } from 'lru-cache'
import type { buildConnector, Dispatcher } from 'undici'
import { publicUrl } from '../../protocol/replication-endpoint.ts'
import { hostNotAllowed } from '../peer-error.ts'
import { guardedLookup, leadsToDenied } from './guarded-lookup.ts'
import type { HostGuard } from './guarded-lookup.ts'
import { NO_TRACER } from '../tracer.ts'
import { HeldMemory, PEER_LIMITS } from './held-memory.ts'
import type { PeerLimits } from './held-memory.ts'
import { OutgoingConnections } from './outgoing-connections.ts'
import { PeerSession } from './session.ts'
import type { PeerLogin } from './session.ts'
import { Throttle } from './throttle.ts'
import { undici } from './undici.ts'

/** Verification of TLS peers: CouchDB's `[replicator]` settings of that name, with the files' contents. */
export interface TlsOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  readonly rejectUnauthorized: boolean
}

/** Notes connections to peers. */
export interface ConnectionRegistry {
  /** Nothing is sent before it resolves, where it returns a promise. */
  add(socket: Socket): void | Promise<void>
}

export interface ConnectionsOptions {
  readonly proxied?: boolean
  readonly limits?: () => PeerLimits
  /** Returns headers of the trace that a request belongs to. */
  readonly traceHeaders?: () => Readonly<Record<string, string>>
  /** Registry of the connections to peers; those to proxies are left out. */
  readonly outgoing?: ConnectionRegistry
  /** Default: all hosts may be reached. */
  readonly allows?: HostGuard
}

/** Heads of answers repeat ids, which may be long, in `Location`. */
const MAX_ANSWER_HEAD_BYTES = 256 * 1024
const KEEP_ALIVE_MS = 4_000
const MAX_KEEP_ALIVE_MS = 30_000
const CONNECT_TIMEOUT_MS = 30_000
/** Hosts, sessions and proxies that are remembered: jobs come and go, each with another. */
const MAX_REMEMBERED = 1000

/**
 * The sockets and the pace that all jobs of a server share: one pool for each host, directly or through the proxy that
 * the job or the environment (`http_proxy`, `https_proxy`, `no_proxy`) names.
 */
export class Connections {
  readonly #tls: TlsOptions
  readonly #dispatchers = new LRUCache<string, Dispatcher>({ max: MAX_REMEMBERED })
  readonly #throttles = new LRUCache<string, Throttle>({ max: MAX_REMEMBERED })
  readonly #sessions = new LRUCache<string, PeerSession>({ max: MAX_REMEMBERED })

  readonly #proxied: boolean
  readonly #limits: () => PeerLimits
  readonly #outgoing: ConnectionRegistry
  readonly #allows: HostGuard
  readonly #lookup: LookupFunction
  readonly traceHeaders: () => Readonly<Record<string, string>>
  /** Shared by all answers of these connections. */
  readonly held: HeldMemory

  /**
   * @param proxied whether the environment's proxies are used; never for this machine
   * @param limits what may be held of answers, as it is configured now
   */
  constructor(
    tls: TlsOptions = { rejectUnauthorized: true },
    {
      proxied = true,
      limits = () => PEER_LIMITS,
      outgoing = new OutgoingConnections(),
      allows = () => true,
      traceHeaders = () => NO_TRACER.headers(),
    }: ConnectionsOptions = {},
  ) {
    this.#tls = tls
    this.#proxied = proxied
    this.#limits = limits
    this.#outgoing = outgoing
    this.traceHeaders = traceHeaders
    this.#allows = allows
    this.#lookup = guardedLookup(allows)
    this.held = new HeldMemory(() => limits().maxMemory)
  }

  get limits(): PeerLimits {
    return this.#limits()
  }

  /**
   * Refuses hosts that replications may not reach: of the peer and of the proxy that its job names. Addresses that names
   * lead to are looked at when they are known; behind a proxy they never are.
   *
   * @throws PeerError `host_not_allowed`
   */
  checkHosts(...urls: readonly (string | undefined)[]): void {
    for (const url of urls) {
      if (url && !this.#allows(new URL(url).hostname)) throw hostNotAllowed(publicUrl(url))
    }
  }

  /**
   * Looks up what names lead to and refuses those that lead to no address which may be reached. Behind a proxy only the
   * proxy's counts.
   *
   * @throws PeerError `host_not_allowed`
   */
  async lookUpHosts(url: string, proxy?: string): Promise<void> {
    this.checkHosts(url, proxy)
    const connectedTo = proxy || (this.#proxied && usesEnvironmentProxy() ? undefined : url)
    if (connectedTo === undefined) return
    if (await leadsToDenied(new URL(connectedTo).hostname, this.#allows))
      throw hostNotAllowed(publicUrl(connectedTo))
  }

  /** @param proxy its URL; without one the environment decides */
  dispatcher(proxy = ''): Dispatcher {
    return remembered(this.#dispatchers, proxy, () => this.#connect(proxy))
  }

  throttle(origin: string): Throttle {
    return remembered(this.#throttles, origin, () => new Throttle())
  }

  /** The session that all jobs of this user at this host share that reach it the same way. */
  session(login: PeerLogin, proxy = ''): PeerSession {
    const key = JSON.stringify([login.origin, login.username, login.password, proxy, login.headers ?? {}])
    return remembered(this.#sessions, key, () => new PeerSession(login, this.dispatcher(proxy)))
  }

  async close(): Promise<void> {
    const open = [...this.#dispatchers.values()]
    this.#dispatchers.clear()
    await Promise.all(open.map(dispatcher => dispatcher.destroy()))
  }

  #connect(proxy: string): Dispatcher {
    const { Agent, EnvHttpProxyAgent, ProxyAgent } = undici()
    const options = {
      connect: this.#connector(),
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: MAX_KEEP_ALIVE_MS,
      pipelining: 1,
      maxHeaderSize: MAX_ANSWER_HEAD_BYTES,
    }
    // Proxies rarely tunnel to other ports than that of TLS: without TLS they are asked for the URL.
    const through = { ...options, requestTls: this.#tls, proxyTls: this.#tls, proxyTunnel: false }
    const proxyTls = { ...this.#tls, lookup: this.#lookup }
    if (proxy) return new ProxyAgent({ ...through, proxyTls, uri: withoutPath(proxy) })
    return this.#proxied && usesEnvironmentProxy() ? new EnvHttpProxyAgent(through) : new Agent(options)
  }

  #connector(): buildConnector.connector {
    const connect = undici().buildConnector({
      ...this.#tls,
      timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      lookup: this.#lookup,
    })
    return (target, done) =>
      connect(target, (...result) => {
        // Where connecting failed, undici gives the error alone, whatever its types say.
        const socket = result[1] as Socket | null | undefined
        const noted = socket ? this.#outgoing.add(socket) : undefined
        if (noted === undefined) done(...result)
        else void noted.then(() => done(...result))
      })
  }
}

/** A value that the cache drops lives on with the jobs that use it; a pool without requests closes its sockets. */
function remembered<T extends object>(cache: LRUCache<string, T>, key: string, make: () => T): T {
  const known = cache.get(key)
  if (known !== undefined) return known
  const made = make()
  cache.set(key, made)
  return made
}

/** A proxy is a host: nobody asks for the path of its URL, and undici takes none. */
function withoutPath(proxy: string): string {
  const url = new URL(proxy)
  url.pathname = ''
  url.search = ''
  url.hash = ''
  return url.href
}

function usesEnvironmentProxy(): boolean {
  return ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some(name => process.env[name])
}
