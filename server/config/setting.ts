/** What is known of one setting: how its text is read, and what holds when it is not set. */
export type Setting = IntegerSetting | BooleanSetting | TextSetting | ListSetting

export type Unit = 'bytes' | 'milliseconds' | 'seconds'

interface Common {
  readonly about: string
  /** Read when the server starts; a change waits for the next start. */
  readonly restart?: true
  /** Never shown by `_config` nor logged. */
  readonly sensitive?: true
}

export interface IntegerSetting extends Common {
  readonly kind: 'integer'
  /** `Infinity` is written "infinity". */
  readonly default: number
  readonly unit?: Unit
}

export interface BooleanSetting extends Common {
  readonly kind: 'boolean'
  readonly default: boolean
}

export interface TextSetting extends Common {
  readonly kind: 'text'
  /** Empty where there is none. */
  readonly default: string
}

/** Values divided by commas. */
export interface ListSetting extends Common {
  readonly kind: 'list'
  readonly default: readonly string[]
}

/** An integer, or "infinity"; `undefined` for what is neither, so that the default holds as in CouchDB. */
export function parseInteger(text: string): number | undefined {
  if (text === 'infinity') return Infinity
  return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined
}

export function parseBoolean(text: string): boolean | undefined {
  if (text === 'true') return true
  return text === 'false' ? false : undefined
}

export function parseList(text: string): string[] {
  return text
    .split(',')
    .map(entry => entry.trim())
    .filter(entry => entry !== '')
}

/** The default as it would be written in an ini file. */
export function defaultText(setting: Setting): string {
  if (setting.kind === 'list') return setting.default.join(', ')
  return setting.default === Infinity ? 'infinity' : String(setting.default)
}
