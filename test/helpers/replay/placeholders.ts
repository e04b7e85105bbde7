import { randomBytes } from 'node:crypto'
import type { Scenario } from './scenario.ts'

export type Vars = Record<string, unknown>

/** New random names for a scenario's databases and names. */
export function freshVars(scenario: Scenario): Vars {
  const vars: Vars = {}
  for (const name of scenario.databases ?? []) vars[name] = `tr_${name}_${random()}`
  for (const name of scenario.names ?? []) vars[name] = `tr${name.toLowerCase()}${random()}`
  return vars
}

/** `{name}` in every string of a value, member names included, becomes what `vars` has under that name. */
export function fill<T>(value: T, vars: Vars): T {
  return mapStrings(value, text =>
    text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in vars ? String(vars[name]) : whole)),
  ) as T
}

/**
 * The opposite of {@link fill}: what this run's server and databases are called becomes `{url}`, `{host}`, `{db}`.
 * Revisions and sequences stay, because the same edit has the same revision everywhere.
 */
export function mask<T>(value: T, vars: Vars): T {
  const known = Object.entries(vars)
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    .filter(([, text]) => text.length > 5 && !/^\d+-[\w-]+$/.test(text))
    .sort((a, b) => b[1].length - a[1].length)
  return mapStrings(value, text =>
    known.reduce((rest, [name, replaced]) => rest.split(replaced).join(`{${name}}`), text),
  ) as T
}

function mapStrings(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value)
  if (Array.isArray(value)) return value.map(item => mapStrings(item, map))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [map(key), mapStrings(item, map)]))
}

function random(): string {
  return randomBytes(5).toString('hex')
}
