import type { DatabaseName } from '../../protocol/database-name.ts'
import type { DocumentLimits } from '../../protocol/document/document-input.ts'
import type { ReplicationEndpoint } from '../../protocol/replication-endpoint.ts'
import type { ReplicationOptions } from '../../protocol/replication-options.ts'
import { isServerAdmin, type UserContext } from '../../protocol/user-context.ts'
import { type ConnectionRegistry, Connections } from '../../replicator/http/connections.ts'
import type { PeerLimits } from '../../replicator/http/held-memory.ts'
import { HttpClient } from '../../replicator/http/http-client.ts'
import { HttpPeer } from '../../replicator/http/http-peer.ts'
import type { Peer } from '../../replicator/peer.ts'
import type { ReplicationPlan } from '../../replicator/replication-plan.ts'
import type { Account } from '../auth/accounts.ts'
import type { Config } from '../config/config.ts'
import { configuredDocumentLimits } from '../database/documents/document-limits.ts'
import { type LocalDatabase, LocalPeer } from './local-peer.ts'
import { hasHostRules, hostGuard, peerLimits, tlsOptions } from './replication-settings.ts'

/** Address of one side of a job: plain data, which can cross to another thread. */
export interface PeerPlace {
  /** With the headers that prove a job's user at this very server. */
  readonly endpoint: ReplicationEndpoint
  /** Sent with all requests. */
  readonly ownHeaders: Readonly<Record<string, string>>
  /** True for this very server, which is reached without a proxy. */
  readonly isInside: boolean
  /** The database of this server whose documents are moved without HTTP, and for whom. */
  readonly direct?: { readonly name: DatabaseName; readonly account: Account }
}

/** Both sides of a job. */
export interface JobPlaces {
  readonly source: PeerPlace
  readonly target: PeerPlace
}

/** A job as another thread runs it. */
export interface PlacedJob {
  readonly places: JobPlaces
  readonly plan: ReplicationPlan
}

export interface PeerOpenerOptions extends Pick<
  LocalDatabase,
  'catalog' | 'watch' | 'hasNoAttachments' | 'mayWrite'
> {
  readonly config: Config
  /** Registry of the connections to peers. */
  readonly outgoing: ConnectionRegistry
  readonly traceHeaders?: () => Readonly<Record<string, string>>
  /** Returns the user of an account as it stands now. @throws `unauthorized` */
  readonly userNow: (account: Account) => Promise<UserContext>
}

/** Opens peers, with the connections that all of them share. */
export class PeerOpener {
  readonly connections: Connections
  /** To this server itself. */
  readonly #inside: Connections
  readonly #options: PeerOpenerOptions

  constructor(options: PeerOpenerOptions) {
    this.#options = options
    const { config, outgoing } = options
    const limits = (): PeerLimits => peerLimits(config)
    const traced = options.traceHeaders === undefined ? {} : { traceHeaders: options.traceHeaders }
    const allows = hostGuard(config)
    this.connections = new Connections(tlsOptions(config), { limits, outgoing, allows, ...traced })
    this.#inside = new Connections(undefined, { proxied: false, limits, outgoing, ...traced })
  }

  /** Returns whether an account may move documents without HTTP: server administrators may. */
  async isAdmin(account: Account): Promise<boolean> {
    try {
      return isServerAdmin(await this.#options.userNow(account))
    } catch {
      return false
    }
  }

  /** @throws PeerError `host_not_allowed` for an endpoint on a host that replications may not reach */
  async checkReach({ url, proxy, local, stream }: ReplicationEndpoint): Promise<void> {
    if (local !== undefined || stream !== undefined || !hasHostRules(this.#options.config)) return
    await this.connections.lookUpHosts(url, proxy)
  }

  open({ endpoint, ownHeaders, isInside, direct }: PeerPlace, options: ReplicationOptions): Peer {
    const connections = isInside ? this.#inside : this.connections
    const server = new HttpPeer(new HttpClient(endpoint, options, connections, ownHeaders))
    if (direct === undefined) return server
    const { config, userNow, ...local } = this.#options
    const limits = (): DocumentLimits => configuredDocumentLimits(config)
    return new LocalPeer({ ...local, name: direct.name, user: () => userNow(direct.account), limits }, server)
  }

  async close(): Promise<void> {
    await Promise.all([this.connections.close(), this.#inside.close()])
  }
}
