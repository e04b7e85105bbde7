import { type IniValues, sectionOf } from './ini.ts'
import { type KeyOf, olderSectionOf, type Section, settingOf } from './settings.ts'
import { parseBoolean, parseInteger, parseList, parseNumber, type Setting } from './setting.ts'

type Parsed = number | boolean | string | readonly string[]

/**
 * The values that are set, with CouchDB's defaults for those that are not. Reading is cheap enough for every request:
 * a parsed value is kept until its text changes.
 */
export class Values {
  #set: IniValues = new Map()
  readonly #parsed = new Map<string, Map<string, Parsed>>()

  /** Returns a setting's text as it was written; undefined where the default holds. */
  get(section: string, key: string): string | undefined {
    return this.#set.get(section)?.get(key)
  }

  /** Returns a setting's text from its section or, if it is not set there, from the older name of the section. */
  effective(section: string, key: string): string | undefined {
    const older = olderSectionOf(section, key)
    return this.get(section, key) ?? (older === undefined ? undefined : this.get(older, key))
  }

  /** The keys that are set in a section. */
  section(section: string): ReadonlyMap<string, string> {
    return this.#set.get(section) ?? new Map<string, string>()
  }

  all(): ReadonlyMap<string, ReadonlyMap<string, string>> {
    return this.#set
  }

  put(section: string, key: string, value: string | undefined): void {
    const keys = sectionOf(this.#set, section)
    if (value === undefined) keys.delete(key)
    else keys.set(key, value)
    if (keys.size === 0) this.#set.delete(section)
    this.#parsed.clear()
  }

  replace(values: IniValues): void {
    this.#set = values
    this.#parsed.clear()
  }

  integer<S extends Section>(section: S, key: KeyOf<S, 'integer'>): number {
    return this.#read(section, key) as number
  }

  boolean<S extends Section>(section: S, key: KeyOf<S, 'boolean'>): boolean {
    return this.#read(section, key) as boolean
  }

  /** Empty where nothing is set and there is no default. */
  text<S extends Section>(section: S, key: KeyOf<S, 'text'>): string {
    return this.#read(section, key) as string
  }

  list<S extends Section>(section: S, key: KeyOf<S, 'list'>): readonly string[] {
    return this.#read(section, key) as readonly string[]
  }

  #read(section: string, key: string): Parsed {
    const known = this.#parsed.get(section)?.get(key)
    if (known !== undefined) return known
    const setting = settingOf(section, key)
    if (setting === undefined) throw new Error(`There is no setting ${section}/${key}`)
    const older = olderSectionOf(section, key)
    const value =
      parse(setting, this.get(section, key)) ??
      parse(setting, older === undefined ? undefined : this.get(older, key)) ??
      setting.default
    let keys = this.#parsed.get(section)
    if (keys === undefined) this.#parsed.set(section, (keys = new Map<string, Parsed>()))
    keys.set(key, value)
    return value
  }
}

/** Parses a setting's text. Malformed text counts as not set, as in CouchDB. */
function parse(setting: Setting, text: string | undefined): Parsed | undefined {
  if (text === undefined) return undefined
  switch (setting.kind) {
    case 'integer':
      return parseInteger(text)
    case 'number':
      return parseNumber(text)
    case 'boolean':
      return parseBoolean(text)
    case 'text':
      return text
    case 'list':
      return parseList(text)
  }
}
