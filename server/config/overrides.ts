import { type IniValues, sectionOf } from './ini.ts'

/** Settings of the command line: `--port` and `--bind` have flags of their own, anything else is section/key=value. */
export interface CommandLineFlags {
  readonly port?: number
  readonly bindAddress?: string
  readonly settings?: readonly Override[]
}

export interface Override {
  readonly section: string
  readonly key: string
  readonly value: string
}

/** Parses `section/key=value`; `undefined` for what is not of that form. */
export function parseOverride(text: string): Override | undefined {
  const match = /^([^/=]+)\/([^=]+)=(.*)$/s.exec(text)
  const [, section, key, value] = match ?? []
  if (section === undefined || key === undefined || value === undefined) return undefined
  return { section, key, value }
}

/** An administrator whom the environment names, as the official image of CouchDB reads it. */
export interface NamedAdmin {
  readonly name: string
  readonly password: string
}

export interface Environment {
  readonly overrides: readonly Override[]
  readonly admin: NamedAdmin | undefined
}

/** The administrator whom `COUCHDB_PASSWORD` means without `COUCHDB_USER`. */
export const DEFAULT_ADMIN = 'admin'

/** Reads `COUCHDB_USER`, `COUCHDB_PASSWORD` and `COUCHDB_SECRET`. A user without a password is no administrator. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const { COUCHDB_USER, COUCHDB_PASSWORD: password, COUCHDB_SECRET: secret } = env
  return {
    overrides: secret ? [{ section: 'chttpd_auth', key: 'secret', value: secret }] : [],
    admin: password ? { name: COUCHDB_USER || DEFAULT_ADMIN, password } : undefined,
  }
}

export function flagOverrides(flags: CommandLineFlags): Override[] {
  return [
    ...(flags.port === undefined ? [] : [{ section: 'chttpd', key: 'port', value: String(flags.port) }]),
    ...(flags.bindAddress === undefined
      ? []
      : [{ section: 'chttpd', key: 'bind_address', value: flags.bindAddress }]),
    ...(flags.settings ?? []),
  ]
}

export function applyOverrides(values: IniValues, overrides: readonly Override[]): void {
  for (const { section, key, value } of overrides) sectionOf(values, section).set(key, value)
}

/** Puts in where the server listens: values that are not set, and a port for which any free one was asked. */
export function showListening(values: IniValues, listening: readonly Override[]): void {
  for (const { section, key, value } of listening) {
    const keys = sectionOf(values, section)
    const set = keys.get(key)
    if (set === undefined || (key === 'port' && set === '0')) keys.set(key, value)
  }
}
