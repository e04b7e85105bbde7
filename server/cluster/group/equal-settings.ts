import type { Config } from '../../config/config.ts'
import type { Genesis } from '../entry/change.ts'

/** Sections that are each node's own, and keys of others that are. */
const OWN_SECTIONS = new Set(['cluster', 'log', 'ssl', 'prometheus', 'vendor', 'daemons', 'backup'])
const OWN_KEYS = new Set([
  ...['chttpd/port', 'chttpd/bind_address', 'chttpd/backlog', 'httpd/port', 'httpd/bind_address'],
  ...['couchdb/database_dir', 'couchdb/view_index_dir', 'couchdb/maintenance_mode', 'couchette/threads'],
])

/** Returns whether a setting is the same on all nodes of a cluster: limits, users, keys, but not addresses and files. */
export function isEqualSetting(section: string, key: string): boolean {
  return !OWN_SECTIONS.has(section) && !OWN_KEYS.has(`${section}/${key}`)
}

/** Reads the settings that are the same on all nodes, as far as files name them. */
export function equalSettings(config: Config): Genesis['settings'] {
  return [...config.all()].flatMap(([section, keys]) =>
    [...keys]
      .filter(([key]) => isEqualSetting(section, key) && config.sourceOf(section, key).endsWith('.ini'))
      .map(([key, value]) => ({ section, key, value })),
  )
}
