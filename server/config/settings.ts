import type { Setting } from './setting.ts'
import { AUTH_SETTINGS } from './settings/auth.ts'
import { DATABASE_SETTINGS } from './settings/database.ts'
import { HTTP_SETTINGS } from './settings/http.ts'
import { CHANNEL_SETTINGS, OPERATION_SETTINGS } from './settings/operations.ts'
import { REPLICATOR_SETTINGS } from './settings/replicator.ts'

/**
 * Every setting that Couchette honours, with CouchDB 3.5's section, key and default (`rel/overlay/etc/default.ini` and
 * the code's own defaults). `docs/configuration.md` is checked against this table.
 */
export const SETTINGS = {
  ...DATABASE_SETTINGS,
  ...HTTP_SETTINGS,
  ...AUTH_SETTINGS,
  ...REPLICATOR_SETTINGS,
  ...OPERATION_SETTINGS,
} as const satisfies Record<string, Record<string, Setting>>

export type Settings = typeof SETTINGS
export type Section = keyof Settings

/** The keys of a section whose setting is of that kind. */
export type KeyOf<S extends Section, K extends Setting['kind']> = {
  [Key in keyof Settings[S] & string]: Settings[S][Key] extends { readonly kind: K } ? Key : never
}[keyof Settings[S] & string]

/** Older names of sections, where CouchDB still looks when the newer one has no value. */
export const OLDER_SECTION: Readonly<Record<string, string>> = {
  chttpd: 'httpd',
  chttpd_auth: 'couch_httpd_auth',
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

/** Whether the value must not be logged. */
export function isSensitive(section: string, key: string): boolean {
  if (Object.hasOwn(NAMED_BY_OPERATOR, section)) return NAMED_BY_OPERATOR[section]?.sensitive === true
  if (section === 'couch_httpd_auth') return isSensitive('chttpd_auth', key)
  return settingOf(section, key)?.sensitive === true
}
