import type { ReplicatedLog } from '../cluster/log/contract.ts'
import type { Override } from '../config/overrides.ts'
import type { KeySources } from '../storage/encryption/master-key.ts'

/** Options of a server that is started within a program. */
export interface CouchetteOptions {
  /** The directory that holds the databases and the configuration; created if it is missing. */
  readonly data: string
  /** 0 takes any free port. Default: `[chttpd] port`, 5984. */
  readonly port?: number
  /** Default: `[chttpd] bind_address`, 127.0.0.1: only this machine. */
  readonly bind?: string
  /**
   * The administrator: created if nobody has that name, else given this password. Without one, and without one in
   * the configuration, one is created with a generated password.
   */
  readonly admin?: { readonly name: string; readonly password: string }
  /** Keeps databases in memory, for tests. */
  readonly memory?: boolean
  readonly logLevel?: string
  /** Called when an administrator asks for a restart; without it there is no `_restart`. */
  readonly onRestart?: () => void
  /** Opens the log of the cluster in place of the one that `[cluster] log` names, for tests. */
  readonly clusterLog?: () => ReplicatedLog
  /** Files with the key that the data is encrypted under, and with the one before it. */
  readonly encryption?: Pick<KeySources, 'keyFile' | 'previousKeyFile'>
  /** Settings that beat those of the files. */
  readonly settings?: readonly Override[]
  /** Read for `COUCHDB_USER`, `COUCHDB_PASSWORD` and `COUCHETTE_ENCRYPTION_KEY`, … Default: nothing. */
  readonly env?: Readonly<Record<string, string | undefined>>
}
