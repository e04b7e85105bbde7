import { fail } from './errors.ts'

declare const brand: unique symbol

/** The name of a database, decoded: "orders", "shop/orders", "_users". */
export type DatabaseName = string & { readonly [brand]: 'DatabaseName' }

const ORDINARY = /^[a-z][a-z0-9_$()+/-]*$/
const SYSTEM = /^(?:[a-z][a-z0-9_$()+/-]*\/)?_(?:users|replicator|global_changes|mesh_members)$/

/** Maximum length: 255 bytes of a file name less CouchDB's time stamp and `.couch`. */
const MAX_SEGMENT = 238

/**
 * Checks a database's name (CouchDB: `couch_db:validate_dbname/1`): small letters, digits and `_$()+-/`, beginning with
 * a letter; or the name of a system database, also below a prefix.
 *
 * @throws `illegal_database_name`, `database_name_too_long`
 */
export function parseDatabaseName(name: string): DatabaseName {
  if (!isDatabaseName(name)) throw fail('illegalDatabaseName', name)
  if (name.split('/').some(segment => segment.length > MAX_SEGMENT)) throw fail('databaseNameTooLong', name)
  return name
}

/** Takes a text for a name, unchecked: one that is stored or configured, or that a database is only looked up by. */
export function asDatabaseName(text: string): DatabaseName {
  return text as DatabaseName
}

/** Returns whether the characters of a name are allowed, whatever its length. */
export function isDatabaseName(name: string): name is DatabaseName {
  return ORDINARY.test(name) || SYSTEM.test(name)
}
