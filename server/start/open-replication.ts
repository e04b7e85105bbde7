import type { Authenticator } from '../auth/authenticator.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { componentLog } from '../log/log.ts'
import { Mesh } from '../mesh/mesh.ts'
import { Followers } from '../replication/followers.ts'
import type { BoundAddress } from '../replication/own-url.ts'
import { Replicator } from '../replication/replicator.ts'
import type { Services } from '../services.ts'
import type { DatabaseParts } from './open-databases.ts'
import type { NodeParts } from './open-node.ts'

interface Accounts {
  readonly credentials: Credentials
  readonly authenticator: Authenticator
  /** Returns the address that the server listens on. */
  readonly address: () => BoundAddress & { readonly url: string }
}

/** Makes the parts that copy between databases. None of them runs yet. */
export function openReplication(
  { config, log, metrics, tracing }: NodeParts,
  { catalog, users, cluster, fronts, secrets }: DatabaseParts,
  { credentials, authenticator, address }: Accounts,
): Pick<Services, 'replicator' | 'followers' | 'mesh'> {
  // Traces are made in this thread.
  const jobs = tracing === undefined ? fronts?.jobs : undefined
  const replicator = new Replicator({
    config,
    uuid: config.text('couchdb', 'uuid'),
    catalog,
    log: componentLog(log, 'replication'),
    metrics,
    tracer: tracing,
    authenticator,
    users,
    credentials,
    address,
    cluster: cluster && {
      node: cluster.settings.node,
      secret: cluster.settings.secret,
      placement: cluster.jobNodes,
      mayWrite: () => cluster.isLeader,
    },
    threaded: jobs && ((peers, job) => jobs.peersOf(peers, job)),
  })
  const followers = new Followers(catalog, replicator, config)
  const meshLog = componentLog(log, 'mesh')
  const mesh = new Mesh({ catalog, config, credentials, secrets, replicator, log: meshLog })
  return { replicator, followers, mesh }
}
