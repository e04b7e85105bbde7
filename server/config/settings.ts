import type { Setting } from './setting.ts'
import { AUTH_SETTINGS } from './settings/auth.ts'
import { CLUSTER_SETTINGS } from './settings/cluster.ts'
import { CONFLICT_SETTINGS } from './settings/conflicts.ts'
import { DATABASE_SETTINGS } from './settings/database.ts'
import { BROWSER_SETTINGS } from './settings/browsers.ts'
import { HTTP_SETTINGS } from './settings/http.ts'
import { LIMIT_SETTINGS } from './settings/limits.ts'
import { LOG_SETTINGS } from './settings/log.ts'
import { MESH_SETTINGS } from './settings/mesh.ts'
import { CHANNEL_SETTINGS, OPERATION_SETTINGS } from './settings/operations.ts'
import { REPLICATOR_SETTINGS } from './settings/replicator.ts'

/**
 * Every setting that Couchette honours, with CouchDB 3.5's section, key and default (`rel/overlay/etc/default.ini` and
 * the code's own defaults). `docs/configuration.md` is checked against this table.
 */
export const SETTINGS = {
  ...DATABASE_SETTINGS,
  ...CONFLICT_SETTINGS,
  ...HTTP_SETTINGS,
  ...LIMIT_SETTINGS,
  ...BROWSER_SETTINGS,
  ...LOG_SETTINGS,
  ...AUTH_SETTINGS,
  ...REPLICATOR_SETTINGS,
  ...OPERATION_SETTINGS,
  ...CLUSTER_SETTINGS,
  ...MESH_SETTINGS,
} as const satisfies Record<string, Record<string, Setting>>

export type Settings = typeof SETTINGS
export type Section = keyof Settings

/** The keys of a section whose setting is of that kind. */
export type KeyOf<S extends Section, K extends Setting['kind']> = {
  [Key in keyof Settings[S] & string]: Settings[S][Key] extends { readonly kind: K } ? Key : never
}[keyof Settings[S] & string]

/** Settings of `[chttpd]` that CouchDB still looks for in `[httpd]` (`chttpd_util:get_chttpd_config/2`). */
const MOVED_FROM_HTTPD = new Set([
  'WWW-Authenticate',
  'allow_jsonp',
  'changes_timeout',
  'config_whitelist',
  'enable_cors',
  'enable_xframe_options',
  'max_http_request_size',
  'require_valid_user',
  'rewrite_limit',
  'secure_rewrites',
  'x_forwarded_host',
  'x_forwarded_proto',
  'x_forwarded_ssl',
])

/** Settings of `[chttpd_auth]` that are newer than the section's old name, `[couch_httpd_auth]`. */
const NEVER_MOVED = new Set(['allow_conflicted_user_docs', 'authentication_db', 'upgrade_hash_on_auth'])

/** Older names of sections. */
export const OLDER_SECTION: ReadonlyMap<string, string> = new Map([
  ['chttpd', 'httpd'],
  ['chttpd_auth', 'couch_httpd_auth'],
])

/** Returns the older section where CouchDB looks for a setting that its own section does not have. */
export function olderSectionOf(section: string, key: string): string | undefined {
  const hasMoved = section === 'chttpd' ? MOVED_FROM_HTTPD.has(key) : !NEVER_MOVED.has(key)
  return hasMoved ? OLDER_SECTION.get(section) : undefined
}

/** Sections where the operator names the keys, and whether their values are secrets. */
const NAMED_BY_OPERATOR: Readonly<Record<string, { readonly sensitive: boolean }>> = {
  admins: { sensitive: true },
  jwt_keys: { sensitive: true },
  'smoosh.ignore': { sensitive: false },
}

/** The setting, where it is one that Couchette knows. */
export function settingOf(section: string, key: string): Setting | undefined {
  const keys = keysOf(section)
  return keys !== undefined && Object.hasOwn(keys, key) ? keys[key] : undefined
}

/** The settings of a section by their keys, those of `[smoosh.CHANNEL]` and `[cors:HOST]` too. */
export function keysOf(section: string): Readonly<Record<string, Setting>> | undefined {
  if (/^smoosh\.(?!ignore$)/.test(section)) return CHANNEL_SETTINGS
  if (section.startsWith('cors:')) return SETTINGS.cors
  const sections: Record<string, Record<string, Setting>> = SETTINGS
  return Object.hasOwn(sections, section) ? sections[section] : undefined
}

/** Returns whether the operator names the keys of the section. */
export function hasKeysOfYourOwn(section: string): boolean {
  return Object.hasOwn(NAMED_BY_OPERATOR, section)
}

/** Returns true if the value is a secret, which must not be logged or shown. */
export function isSensitive(section: string, key: string): boolean {
  if (Object.hasOwn(NAMED_BY_OPERATOR, section)) return NAMED_BY_OPERATOR[section]?.sensitive === true
  if (section === 'couch_httpd_auth') return isSensitive('chttpd_auth', key)
  return settingOf(section, key)?.sensitive === true
}
