import { relative, resolve } from 'node:path'
import { StartError } from './start-error.ts'
import { type IniFile, readIniFiles } from './files.ts'
import type { IniEntry } from './ini.ts'
import type { CommandLineFlags, Override } from './overrides.ts'
import { complaint, type Setting } from './setting.ts'
import { otherSetting, type OtherSettings } from './settings/other.ts'
import { hasKeysOfYourOwn, keysOf, OLDER_SECTION, olderSectionOf, settingOf } from './settings.ts'

/**
 * Something in the configuration that does not do what it says. `error`: the server does not start with it;
 * `unsupported` and `unknown`: somebody may miss it; `none`: nothing is missed.
 */
export interface Finding {
  readonly kind: 'error' | 'unsupported' | 'unknown' | 'none'
  /** "local.ini:7", relative to the data directory, or "--set". */
  readonly place: string
  /** "[replicator] max_jobs"; empty for a line that is malformed. */
  readonly setting: string
  /** A sentence: what is wrong, and what to do. */
  readonly text: string
}

/** The configuration holds what cannot be: a malformed line, or a value that is not valid. */
export class ConfigError extends StartError {}

/** A value that was set, and where. */
interface Placed extends Omit<IniEntry, 'line'> {
  readonly place: string
}

/** Returns what is to be said of the files of a directory and of the command line, in their order. */
export function configurationFindings(
  directory: string | undefined,
  files: readonly IniFile[],
  flags: readonly Override[],
): Finding[] {
  const found: Finding[] = []
  for (const { path, scanned } of files) {
    const place = (line: number): string => `${relative(directory ?? '', path)}:${line}`
    for (const { line, text } of scanned.malformed) found.push(malformed(place(line), text))
    for (const { line, ...entry } of scanned.entries)
      found.push(...entryFindings({ ...entry, place: place(line) }, directory))
  }
  for (const flag of flags) found.push(...entryFindings({ ...flag, place: '--set' }, directory))
  return found
}

/** Reads the files of a directory. @throws {ConfigError} where they or the flags hold what cannot be */
export async function readChecked({
  directory,
  flags = {},
}: {
  readonly directory?: string
  readonly flags?: CommandLineFlags
}): Promise<{ readonly files: readonly IniFile[]; readonly findings: readonly Finding[] }> {
  const files = directory === undefined ? [] : await readIniFiles(directory)
  const findings = configurationFindings(directory, files, flags.settings ?? [])
  refuseErrors(findings)
  return { files, findings }
}

/** Returns what is wrong with a value of a setting, "it takes true or false"; undefined where nothing is. */
export function valueComplaint(section: string, key: string, value: string): string | undefined {
  const setting = settingOf(section, key) ?? settingOf(NEWER_SECTION.get(section) ?? '', key)
  return setting === undefined ? undefined : complaint(setting, value)
}

/** @throws {ConfigError} with a sentence for each error */
export function refuseErrors(findings: readonly Finding[]): void {
  const errors = findings.filter(({ kind }) => kind === 'error')
  if (errors.length > 0) throw new ConfigError(errors.map(sentence).join('\n'))
}

/** Returns the sentences for a log: one for each finding, and one for all settings that have no effect. */
export function warnings(findings: readonly Finding[]): string[] {
  const idle = findings.filter(({ kind }) => kind === 'none').map(({ setting }) => setting)
  const told = findings.filter(({ kind }) => kind === 'unsupported' || kind === 'unknown').map(sentence)
  if (idle.length === 0) return told
  return [...told, `Without effect on Couchette, and without loss: ${[...new Set(idle)].join(', ')}.`]
}

export function sentence({ place, text }: Finding): string {
  return `${place}: ${text}`
}

function malformed(place: string, text: string): Finding {
  const shown = JSON.stringify(text.slice(0, 80))
  return {
    kind: 'error',
    place,
    setting: '',
    text: `${shown} is no [section], no key = value and no ; comment.`,
  }
}

function entryFindings({ section, key, value, place }: Placed, directory: string | undefined): Finding[] {
  const setting = `[${section}] ${key}`
  if (hasKeysOfYourOwn(section) || key.startsWith('#')) return []
  if (section === 'couchdb' && DIRECTORIES.includes(key)) {
    if (directory === undefined || resolve(value) === resolve(directory)) return []
    return [
      {
        kind: 'unsupported',
        place,
        setting,
        text: `${setting} is not followed: --data chooses the directory.`,
      },
    ]
  }
  const newer = NEWER_SECTION.get(section) ?? ''
  const here = otherSetting(section, key)
  const known = settingOf(section, key) ?? (here === undefined ? settingOf(newer, key) : undefined)
  if (
    known !== undefined &&
    newer !== '' &&
    settingOf(section, key) === undefined &&
    olderSectionOf(newer, key) !== section
  ) {
    const text = `${setting} is not read: set [${newer}] ${key}.`
    return [{ kind: 'unsupported', place, setting, text }]
  }
  if (known !== undefined) return knownFindings(known, { section, key, value, place })
  const other = here ?? otherSetting(newer, key)
  return [other === undefined ? unknown(section, key, place) : otherFinding(other, setting, place)]
}

function knownFindings(known: Setting, { section, key, value, place }: Placed): Finding[] {
  const setting = `[${section}] ${key}`
  const wrong = complaint(known, value)
  if (wrong !== undefined) {
    const shown = known.sensitive === true ? '…' : value
    return [{ kind: 'error', place, setting, text: `${setting} = ${shown}: ${wrong}.` }]
  }
  if (section !== 'log' || key !== 'writer' || value !== 'syslog') return []
  return [
    {
      kind: 'unsupported',
      place,
      setting,
      text: `${setting} = syslog writes to standard error: let the system forward it.`,
    },
  ]
}

function otherFinding({ effect, about }: OtherSettings, setting: string, place: string): Finding {
  const text =
    effect === 'none' ? `${setting} has no effect: ${about}` : `${setting} is not supported. ${about}`
  return { kind: effect, place, setting, text }
}

function unknown(section: string, key: string, place: string): Finding {
  const setting = `[${section}] ${key}`
  const near = Object.keys(keysOf(section) ?? keysOf(NEWER_SECTION.get(section) ?? '') ?? {}).find(name =>
    isNear(name, key),
  )
  const hint = near === undefined ? '' : ` Did you mean ${near}?`
  return { kind: 'unknown', place, setting, text: `${setting} is no setting of Couchette or CouchDB.${hint}` }
}

/** Returns whether one letter more, less, other or in another place makes one of the other. */
function isNear(name: string, key: string): boolean {
  if (Math.abs(name.length - key.length) > 1) return false
  let start = 0
  while (start < name.length && name[start] === key[start]) start++
  let end = 0
  const most = Math.min(name.length, key.length) - start
  while (end < most && name.at(-1 - end) === key.at(-1 - end)) end++
  const [a, b] = [name.slice(start, name.length - end), key.slice(start, key.length - end)]
  return Math.max(a.length, b.length) <= 1 || (a.length === 2 && a === [...b].reverse().join(''))
}

const DIRECTORIES = ['database_dir', 'view_index_dir']

/** The newer name of an older section. */
const NEWER_SECTION: ReadonlyMap<string, string> = new Map(
  [...OLDER_SECTION].map(([newer, older]) => [older, newer]),
)
