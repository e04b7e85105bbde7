import { hostname } from 'node:os'
import type { ReplicationEndpoint } from '../../protocol/replication-endpoint.ts'
import { replicationId } from '../../protocol/replication-id.ts'
import type { Identity, IdentityEndpoint, ReplicationId } from '../../protocol/replication-id.ts'
import type { ReplicationRequest } from '../../protocol/replication-request.ts'
import { streamIdentity } from '../../protocol/streams/stream-endpoint.ts'
import { identityFilter } from '../../replicator/identity-filter.ts'
import type { Peer } from '../../replicator/peer.ts'

/** This server as far as it identifies replications. */
export interface ServerIdentity {
  readonly uuid: string
  readonly port: number
  /** URL of databases that are named without one; undefined for the URL at which this server listens. */
  readonly localUrl?: string
}

/** A replication's id, and the ids that older versions of CouchDB gave it, newest first. */
export interface ReplicationIds {
  readonly id: ReplicationId
  readonly olderIds: readonly ReplicationId[]
}

/**
 * Computes a replication's ids; the code of a filter function is part of them and is fetched from the source.
 *
 * @throws PeerError `filter_fetch_error`
 */
export async function identify(
  request: ReplicationRequest,
  server: ServerIdentity,
  openSource: () => Promise<Peer>,
): Promise<ReplicationIds> {
  const { uuid, port, localUrl } = server
  const identity: Identity = {
    uuid,
    port,
    hostname: hostname(),
    source: endpoint(request.source, request, localUrl),
    target: endpoint(request.target, request, localUrl),
    filter: await identityFilter(request.options.filter, openSource),
    winningRevsOnly: request.options.winningRevsOnly,
  }
  const older = ([3, 2, 1] as const).map(version => replicationId(identity, version))
  return { id: replicationId(identity), olderIds: older }
}

/** CouchDB makes a URL of a database's name, with the headers of the request that named it. */
function endpoint(
  { url, basic, headers, local, stream, credentials }: ReplicationEndpoint,
  { user }: ReplicationRequest,
  localUrl: string | undefined,
): IdentityEndpoint {
  if (stream !== undefined) return { url: `${url}#${streamIdentity(stream)}`, headers }
  const name = basic?.username ?? credentials ?? (local === undefined ? undefined : (user?.name ?? undefined))
  const all = local === undefined ? headers : { ...headers, cookie: '' }
  const isMoved = local !== undefined && localUrl !== undefined
  const address = isMoved ? `${localUrl}/${encodeURIComponent(local)}/` : url
  return { url: address, headers: all, ...(name === undefined ? {} : { user: name }) }
}
