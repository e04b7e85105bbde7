import type { Config } from '../../config/config.ts'
import type { Genesis } from '../entry/change.ts'

/** Settings that are equal on all nodes, by section; null for all of the section. */
const EQUAL: Readonly<Record<string, readonly string[] | null>> = {
  couchdb: ['uuid'],
  chttpd_auth: ['secret'],
  admins: null,
}

/** Returns whether a setting is the same on all nodes of a cluster. */
export function isEqualSetting(section: string, key: string): boolean {
  const keys = EQUAL[section]
  return keys === null || keys?.includes(key) === true
}

/** Reads the settings that are the same on all nodes. */
export function equalSettings(config: Config): Genesis['settings'] {
  return Object.keys(EQUAL).flatMap(section =>
    [...config.section(section)]
      .filter(([key]) => isEqualSetting(section, key))
      .map(([key, value]) => ({ section, key, value })),
  )
}
