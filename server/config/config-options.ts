import type { PasswordHasher } from '../passwords/hasher.ts'
import type { ChangedBy } from './config-listeners.ts'
import type { CommandLineFlags, Override } from './overrides.ts'

/** Sources of a configuration. */
export interface ConfigOptions {
  /** Directory of the ini files; without one nothing is read or kept. */
  readonly directory?: string
  readonly flags?: CommandLineFlags
  /** Values that replace defaults, and are shown by `_config` as if they were set. */
  readonly shown?: readonly Override[]
  /** Values that `_config` shows whatever is set. */
  readonly fixed?: readonly Override[]
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly hasher?: PasswordHasher
}

/** Options of a change of the configuration. */
export interface ChangeOptions {
  /** `false`: until the next start only. */
  readonly persist?: boolean
  /** Names in the log who asked for the change, and in which request. */
  readonly by?: ChangedBy
}
