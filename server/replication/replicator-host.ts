import type { Logger } from 'pino'
import type { JobPeers } from '../../replicator/job-spec.ts'
import type { Tracer } from '../../replicator/tracer.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import type { UserDirectory } from '../auth/user-directory.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { Config } from '../config/config.ts'
import type { Catalog } from '../database/catalog.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ServerIdentity } from './identify.ts'
import type { JobPlacement } from './job-placement.ts'
import type { BoundAddress } from './own-url.ts'
import type { PlacedJob } from './peer-places.ts'

/** A cluster as its replicators see it. */
export interface ReplicatorCluster {
  /** Name of this node. */
  readonly node: string
  /** Signs users among the nodes, see `InternalAccess`. */
  readonly secret: string
  readonly placement: JobPlacement
  /** Returns true where this node writes databases itself. */
  readonly mayWrite: () => boolean
}

/** The replicator's dependencies on the server. */
export interface ReplicatorHost {
  readonly config: Config
  readonly uuid: string
  /** Returns the URL at which the server listens, without credentials and trailing slash; undefined before that. */
  readonly address: () => BoundAddress & { readonly url: string }
  readonly catalog: Catalog
  readonly log: Logger
  readonly metrics: Metrics
  readonly tracer?: Tracer | undefined
  readonly authenticator: Authenticator
  readonly users: UserDirectory
  readonly credentials: Credentials
  /** This server as a node of a cluster; undefined if it is no node. */
  readonly cluster?: ReplicatorCluster | undefined
  /** Has the runs of a job carried out by another thread; undefined where this one does. */
  readonly threaded?: ((peers: JobPeers, job: PlacedJob) => JobPeers) | undefined
}

/** URL of this cluster in ids of replications, equal on all nodes: a server alone has it unless it listens elsewhere. */
const CLUSTER_URL = 'http://127.0.0.1:5984'

/** Returns a server as it identifies replications. */
export function identityOf({ uuid, cluster, address }: ReplicatorHost): ServerIdentity {
  return { uuid, port: address().port, ...(cluster === undefined ? {} : { localUrl: CLUSTER_URL }) }
}
