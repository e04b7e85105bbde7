import type { Config } from './config.ts'
import { defaultText, type Setting } from './setting.ts'
import { isSensitive, SETTINGS } from './settings.ts'

/** A setting as `_settings` lists it. */
export interface ListedSetting {
  readonly section: string
  readonly key: string
  readonly kind: Setting['kind'] | 'unknown'
  readonly about: string
  /** As it would be written in an ini file. */
  readonly default: string
  /** Text of the setting as it was written; null where the default holds, "****" for a secret. */
  readonly value: string | null
  /** "default", the name of the file, "environment", "command line", or "this run" for what is not kept. */
  readonly source: string
  readonly restart: boolean
  readonly unit?: string
  readonly choices?: readonly string[]
}

const HIDDEN = '****'

/** Every setting that is honoured, and what else is set, by section and key. */
export function listSettings(config: Config): ListedSetting[] {
  const known = Object.entries(SETTINGS as Record<string, Record<string, Setting>>).flatMap(
    ([section, settings]) =>
      Object.entries(settings).map(([key, setting]) => listed(config, section, key, setting)),
  )
  const names = new Set(known.map(({ section, key }) => `${section}/${key}`))
  const others = [...config.all()].flatMap(([section, keys]) =>
    [...keys.keys()]
      .filter(key => !names.has(`${section}/${key}`))
      .map(key => listed(config, section, key, undefined)),
  )
  return [...known, ...others].sort((a, b) =>
    a.section === b.section ? compare(a.key, b.key) : compare(a.section, b.section),
  )
}

function listed(config: Config, section: string, key: string, setting: Setting | undefined): ListedSetting {
  const value = config.get(section, key)
  const choices = setting?.kind === 'text' ? setting.choices : undefined
  const unit = setting?.kind === 'integer' ? setting.unit : undefined
  return {
    section,
    key,
    kind: setting?.kind ?? 'unknown',
    about: setting?.about ?? '',
    default: setting === undefined ? '' : defaultText(setting),
    value: value === undefined ? null : isSensitive(section, key) ? HIDDEN : value,
    source: config.sourceOf(section, key),
    restart: setting?.restart === true,
    ...(unit === undefined ? {} : { unit }),
    ...(choices === undefined ? {} : { choices }),
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
