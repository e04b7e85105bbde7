import type { Logger } from 'pino'
import type { JobPeers } from '../../replicator/job-spec.ts'
import type { Tracer } from '../../replicator/tracer.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import type { UserDirectory } from '../auth/user-directory.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { Config } from '../config/config.ts'
import type { Catalog } from '../database/catalog.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { BoundAddress } from './own-url.ts'
import type { PlacedJob } from './peer-places.ts'

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
  /** Has the runs of a job carried out by another thread; undefined where this one does. */
  readonly threaded?: ((peers: JobPeers, job: PlacedJob) => JobPeers) | undefined
}
