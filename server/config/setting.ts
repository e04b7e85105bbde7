/** Declaration of a setting: kind and bounds of its text, and its default. */
export type Setting = IntegerSetting | NumberSetting | BooleanSetting | TextSetting | ListSetting

export type Unit = 'bytes' | 'milliseconds' | 'seconds' | 'minutes'

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
  readonly min?: number
  readonly max?: number
}

/** A number that may have a fraction, or "infinity". */
export interface NumberSetting extends Common {
  readonly kind: 'number'
  readonly default: number
}

export interface BooleanSetting extends Common {
  readonly kind: 'boolean'
  readonly default: boolean
}

export interface TextSetting extends Common {
  readonly kind: 'text'
  /** Empty where there is none. */
  readonly default: string
  /** The values that it takes; without them any text. */
  readonly choices?: readonly string[]
  /** `HH:MM`: a time of day. */
  readonly pattern?: 'HH:MM'
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

/** A number, or "infinity"; `undefined` for what is neither. */
export function parseNumber(text: string): number | undefined {
  if (text === 'infinity') return Infinity
  return /^[+-]?\d{1,15}(\.\d+)?(e[+-]?\d{1,2})?$/i.test(text) ? Number(text) : undefined
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

/** Returns what the setting takes instead, "it takes a whole number", or undefined where the text is a value of it. */
export function complaint(setting: Setting, text: string): string | undefined {
  switch (setting.kind) {
    case 'integer':
      return integerComplaint(setting, text)
    case 'number':
      return parseNumber(text) === undefined ? 'it takes a number or infinity' : undefined
    case 'boolean':
      return parseBoolean(text) === undefined ? 'it takes true or false' : undefined
    case 'text':
      return textComplaint(setting, text)
    case 'list':
      return undefined
  }
}

function integerComplaint(
  { min = -Infinity, max = Infinity }: IntegerSetting,
  text: string,
): string | undefined {
  const value = parseInteger(text)
  if (value === undefined) return 'it takes a whole number or infinity'
  if (value >= min && value <= max) return undefined
  return max === Infinity ? `it takes a number from ${min}` : `it takes a number from ${min} to ${max}`
}

function textComplaint({ choices, pattern }: TextSetting, text: string): string | undefined {
  if (choices !== undefined && !choices.includes(text)) return `it takes one of ${choices.join(', ')}`
  if (pattern !== undefined && !/^([01]?\d|2[0-4]):[0-5]\d$/.test(text))
    return 'it takes a time of day, HH:MM'
  return undefined
}

/** The default as it would be written in an ini file. */
export function defaultText(setting: Setting): string {
  if (setting.kind === 'list') return setting.default.join(', ')
  return setting.default === Infinity ? 'infinity' : String(setting.default)
}
