import { Agent, EnvHttpProxyAgent, ProxyAgent } from 'undici'
import type { Dispatcher } from 'undici'
import { Session } from './session.ts'
import type { Login } from './session.ts'
import { Throttle } from './throttle.ts'

/** How TLS peers are checked: CouchDB's `[replicator]` settings of that name, files read. */
export interface TlsOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  readonly rejectUnauthorized: boolean
}

const KEEP_ALIVE_MS = 4_000
const MAX_KEEP_ALIVE_MS = 30_000
const CONNECT_TIMEOUT_MS = 30_000

/**
 * The sockets and the pace that all jobs of a server share: one pool for each host, directly or through the proxy that
 * the job or the environment (`http_proxy`, `https_proxy`, `no_proxy`) names.
 */
export class Connections {
  readonly #tls: TlsOptions
  readonly #dispatchers = new Map<string, Dispatcher>()
  readonly #throttles = new Map<string, Throttle>()
  readonly #sessions = new Map<string, Session>()

  readonly #proxied: boolean

  /** @param proxied whether the environment's proxies are asked; never for what stays on this machine */
  constructor(tls: TlsOptions = { rejectUnauthorized: true }, { proxied = true } = {}) {
    this.#tls = tls
    this.#proxied = proxied
  }

  /** @param proxy its URL; without one the environment decides */
  dispatcher(proxy = ''): Dispatcher {
    const known = this.#dispatchers.get(proxy)
    if (known) return known
    const dispatcher = this.#connect(proxy)
    this.#dispatchers.set(proxy, dispatcher)
    return dispatcher
  }

  throttle(origin: string): Throttle {
    const known = this.#throttles.get(origin)
    if (known) return known
    const throttle = new Throttle()
    this.#throttles.set(origin, throttle)
    return throttle
  }

  /** The session that all jobs of this user at this host share that reach it the same way. */
  session(login: Login, proxy = ''): Session {
    const key = JSON.stringify([login.origin, login.username, login.password, proxy])
    const known = this.#sessions.get(key)
    if (known) return known
    const session = new Session(login, this.dispatcher(proxy))
    this.#sessions.set(key, session)
    return session
  }

  async close(): Promise<void> {
    const open = [...this.#dispatchers.values()]
    this.#dispatchers.clear()
    await Promise.all(open.map(dispatcher => dispatcher.destroy()))
  }

  #connect(proxy: string): Dispatcher {
    const options = {
      connect: { ...this.#tls, timeout: CONNECT_TIMEOUT_MS, keepAlive: true },
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: MAX_KEEP_ALIVE_MS,
      pipelining: 1,
    }
    // Proxies rarely tunnel to other ports than that of TLS: without TLS they are asked for the URL.
    const through = { ...options, requestTls: this.#tls, proxyTls: this.#tls, proxyTunnel: false }
    if (proxy) return new ProxyAgent({ ...through, uri: proxy })
    return this.#proxied && usesEnvironmentProxy() ? new EnvHttpProxyAgent(through) : new Agent(options)
  }
}

function usesEnvironmentProxy(): boolean {
  return ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some(name => process.env[name])
}
