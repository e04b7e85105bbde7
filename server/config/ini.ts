/** Section → key → value, as CouchDB's ini files and `_config` have them: everything is text. */
export type IniValues = Map<string, Map<string, string>>

type Line =
  | { readonly kind: 'section'; readonly name: string }
  | { readonly kind: 'value'; readonly key: string; readonly value: string }
  | { readonly kind: 'other' }

/** A value with the number of its line, counted from 1. */
export interface IniEntry {
  readonly section: string
  readonly key: string
  readonly value: string
  readonly line: number
}

export interface ScannedIni {
  readonly entries: readonly IniEntry[]
  /** Lines that are neither a section, a value, a comment nor empty. */
  readonly malformed: readonly { readonly line: number; readonly text: string }[]
}

/**
 * Parses CouchDB's ini syntax (`config:parse_ini/1`, 3.3 and later): `;` begins a comment at the start of a line or
 * after white space; a key may hold "=" where " = " divides; a key without a value is as good as absent; values are
 * not unquoted and do not go over several lines. What CouchDB passes over in silence is `malformed`, but for lines that
 * begin with "#", which are meant as comments.
 */
export function scanIni(text: string): ScannedIni {
  const entries: IniEntry[] = []
  const malformed: { line: number; text: string }[] = []
  let section = ''
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = parseLine(raw)
    if (line.kind === 'section') section = line.name
    else if (line.kind === 'value' && section !== '') {
      if (line.value !== '') entries.push({ section, key: line.key, value: line.value, line: index + 1 })
    } else if (!isBlank(raw)) malformed.push({ line: index + 1, text: raw.trim() })
  }
  return { entries, malformed }
}

export function parseIni(text: string): IniValues {
  const values: IniValues = new Map()
  for (const { section, key, value } of scanIni(text).entries) sectionOf(values, section).set(key, value)
  return values
}

/**
 * The text with one value set, or with `undefined` taken out: other lines, comments and their order stay as they are.
 */
export function editIni(text: string, section: string, key: string, value: string | undefined): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const found = linesOf(lines, section, key)
  if (value === undefined) return joinLines(lines.filter((_, index) => !found.includes(index)))
  const entry = `${key} = ${value}`
  const last = found.at(-1)
  if (last !== undefined) return joinLines(lines.with(last, entry))
  const heading = lines.findLastIndex(line => isSection(line, section))
  if (heading >= 0) return joinLines(lines.toSpliced(heading + 1, 0, entry))
  return joinLines([...lines, ...(lines.length > 0 ? [''] : []), `[${section}]`, entry])
}

export function sectionOf(values: IniValues, section: string): Map<string, string> {
  let keys = values.get(section)
  if (keys === undefined) values.set(section, (keys = new Map<string, string>()))
  return keys
}

export function copyOf(values: ReadonlyMap<string, ReadonlyMap<string, string>>): IniValues {
  return new Map([...values].map(([section, keys]) => [section, new Map(keys)]))
}

function parseLine(raw: string): Line {
  const line = raw.trimStart().startsWith(';') ? '' : raw.replace(/[ \t];.*$/, '').trim()
  const heading = /^\[([^\]]+)\]$/.exec(line)
  if (heading?.[1] !== undefined) return { kind: 'section', name: heading[1] }
  const spaced = line.indexOf(' = ')
  const offset = spaced > 0 ? spaced + 1 : line.indexOf('=')
  if (offset <= 0) return { kind: 'other' }
  return { kind: 'value', key: line.slice(0, offset).trim(), value: line.slice(offset + 1).trim() }
}

function isBlank(raw: string): boolean {
  return /^\s*([;#]|$)/.test(raw.replace(/^\uFEFF/, ''))
}

/** The numbers of the lines that give the key of that section a value. */
function linesOf(lines: readonly string[], section: string, key: string): number[] {
  const found: number[] = []
  let current = ''
  for (const [index, raw] of lines.entries()) {
    const line = parseLine(raw)
    if (line.kind === 'section') current = line.name
    else if (line.kind === 'value' && current === section && line.key === key) found.push(index)
  }
  return found
}

function isSection(raw: string, section: string): boolean {
  const line = parseLine(raw)
  return line.kind === 'section' && line.name === section
}

function joinLines(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}
