/** Sections that could make CouchDB run other programs; nobody changes them over HTTP (`couch_util:check_config_blacklist/1`). */
const PROTECTED = new Set([
  'daemons',
  'external',
  'feature_flags',
  'httpd_db_handlers',
  'httpd_design_handlers',
  'httpd_global_handlers',
  'native_query_servers',
  'os_daemons',
  'query_servers',
])

/** A pair of atoms, strings or binaries: `{log, level}`, `{"log", "level"}`, `{<<"log">>, <<"level">>}`. */
const ENTRY = /\{\s*(?:<<)?"?([^,"{}<>]+?)"?(?:>>)?\s*,\s*(?:<<)?"?([^,"{}<>]+?)"?(?:>>)?\s*\}/g

export function isProtectedSection(section: string): boolean {
  return PROTECTED.has(section)
}

/**
 * Returns true if `[chttpd] config_whitelist`, `[{section, key}, …]`, allows a setting to be changed; an empty one allows
 * all. The whitelist itself can be changed while it is malformed, so that a typing error locks nobody out.
 */
export function mayChange(whitelist: string, section: string, key: string): boolean {
  if (whitelist === '') return true
  if (section === 'chttpd' && key === 'config_whitelist' && !LIST.test(whitelist)) return true
  return [...whitelist.matchAll(ENTRY)].some(([, name, entry]) => name === section && entry === key)
}

const LIST = /^\s*\[.*\]\s*$/s
