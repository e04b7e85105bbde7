import type { DatabaseName } from '../../protocol/database-name.ts'
import { EVERYBODY } from '../../protocol/security.ts'
import { systemDatabaseKind } from '../../protocol/system-database.ts'
import { usersDatabase } from '../auth/users/directory.ts'
import { usersRules } from '../auth/users/rules.ts'
import type { Config } from '../config/config.ts'
import type { Catalog } from '../database/catalog.ts'
import type { Database, DatabaseHooks } from '../database/database.ts'
import type { DatabaseRules } from '../database/documents/rules.ts'
import { replicationDefaults } from '../replication/replication-settings.ts'
import { ReplicatorRules } from '../replication/replicator-rules.ts'

const SYSTEM_DATABASES = ['_users', '_replicator', '_global_changes'] as const

/** Makes the databases that the server itself uses, where they are not there. */
export async function createSystemDatabases(catalog: Catalog): Promise<void> {
  for (const name of SYSTEM_DATABASES as unknown as readonly DatabaseName[]) {
    if (!(await catalog.exists(name))) await catalog.create(name, { partitioned: false })
  }
}

/** Hooks of databases by their names, and for all where nothing was set. */
export function systemHooks(
  config: Config,
  open: (name: DatabaseName) => Promise<Database>,
): Pick<DatabaseHooks, 'rulesOf' | 'newSecurity' | 'maxPartitionSize'> {
  return {
    rulesOf: name => {
      const kind = systemDatabaseKind(name, '_users')
      const users = usersRules(config, () => open(name))
      const others = kind === 'replicator' ? replicatorRules(name, config, open) : undefined
      // The configured name of the users database can change while the database is open.
      return () => (kind === 'users' || name === usersDatabase(config) ? users : others)
    },
    maxPartitionSize: () => config.integer('couchdb', 'max_partition_size'),
    newSecurity: () => (isOpen(config.text('couchdb', 'default_security')) ? EVERYBODY : undefined),
  }
}

function replicatorRules(
  name: DatabaseName,
  config: Config,
  open: (name: DatabaseName) => Promise<Database>,
): DatabaseRules {
  return new ReplicatorRules(
    () => replicationDefaults(config),
    async body => (await open(name)).body(body).body,
    () => config.integer('couchette', 'max_system_document_values'),
  )
}

/** "admin_local" closes only what CouchDB serves on a port of its own. */
function isOpen(defaultSecurity: string): boolean {
  return defaultSecurity === 'everyone' || defaultSecurity === 'admin_local'
}
