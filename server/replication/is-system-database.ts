import { systemDatabaseKind } from '../../protocol/system-database.ts'
import { usersDatabase } from '../auth/users/directory.ts'
import type { Config } from '../config/config.ts'

/** Returns whether a database is the server's own: its documents are not simply what was written. */
export function isSystemDatabase(name: string, config: Config): boolean {
  return name.startsWith('_') || systemDatabaseKind(name, usersDatabase(config)) !== undefined
}
