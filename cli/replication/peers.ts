import type { ReplicationEndpoint } from '../../protocol/replication-endpoint.ts'
import { REPLICATION_DEFAULTS } from '../../protocol/replication-options.ts'
import { Connections } from '../../replicator/http/connections.ts'
import { HttpClient } from '../../replicator/http/http-client.ts'
import type { HttpOptions } from '../../replicator/http/http-client.ts'
import { HttpPeer } from '../../replicator/http/http-peer.ts'
import { databaseUrl } from '../frame/connection.ts'
import type { Connection, DatabaseAddress } from '../frame/connection.ts'

/** Peers of one command, with the sockets that they share. */
export class Peers {
  readonly #connections = new Map<string, Connections>()

  /** Opens a database as a side of a replication; nothing is sent yet. */
  open(address: DatabaseAddress, options: HttpOptions = REPLICATION_DEFAULTS): HttpPeer {
    return new HttpPeer(this.client(address, options))
  }

  client(address: DatabaseAddress, options: HttpOptions = REPLICATION_DEFAULTS): HttpClient {
    return new HttpClient(endpointOf(address), options, this.#connectionsOf(address.connection))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections.values()].map(connections => connections.close()))
  }

  #connectionsOf({ ca, insecure }: Connection): Connections {
    const key = JSON.stringify([ca, insecure])
    const known = this.#connections.get(key)
    if (known !== undefined) return known
    const made = new Connections({ rejectUnauthorized: !insecure, ...(ca === undefined ? {} : { ca }) })
    this.#connections.set(key, made)
    return made
  }
}

/** Returns the database as the replicator addresses it. */
export function endpointOf(address: DatabaseAddress): ReplicationEndpoint {
  const { username, password = '', token } = address.connection.credentials
  return {
    url: `${databaseUrl(address)}/`,
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    ...(username === undefined ? {} : { basic: { username, password } }),
  }
}

/** Returns the database as a document of `_replicator` names it, with the credentials for it. */
export function endpointJson(address: DatabaseAddress): object {
  const { url, headers, basic } = endpointOf(address)
  return {
    url: url.slice(0, -1),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(basic === undefined ? {} : { auth: { basic } }),
  }
}
