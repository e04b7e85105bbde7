import type { Logger } from 'pino'
import type { SharedContent } from '../../attachments/shared-content.ts'
import type { BackupCopies } from '../../backup/backup-copies.ts'
import type { Config } from '../../config/config.ts'
import type { SecretBox } from '../../credentials/secret-box.ts'
import type { Catalog } from '../../database/catalog.ts'
import type { JobsReporter } from '../../replication/jobs-report.ts'
import type { Store } from '../../storage/store.ts'
import type { EntryCipher } from '../entry/entry.ts'
import type { ReplicatedLog } from '../log/contract.ts'
import type { ClusterSettings } from './cluster-settings.ts'
import type { LeaderWork } from './election.ts'

export interface ClusterParts {
  readonly settings: ClusterSettings
  readonly config: Config
  readonly log: Logger
  /** Authorities of the other nodes' certificates, PEM; undefined for the system's. */
  readonly authorities: string | undefined
  /** Encrypts entries, where this node has a master key. */
  readonly cipher: EntryCipher | undefined
  /** Opens the log of the group; called until it succeeds. */
  readonly openLog: () => Promise<ReplicatedLog>
}

/** Parts of the server that a node works with once it listens. */
export interface ClusterStart {
  readonly store: Store
  readonly content: SharedContent
  readonly catalog: Catalog
  readonly url: string
  readonly work: LeaderWork
  /** Copies for other nodes; undefined for a node in memory. */
  readonly copies: BackupCopies | undefined
  readonly version: string
  readonly secrets: SecretBox
  /** The jobs that this node runs. */
  readonly jobs: JobsReporter
}
