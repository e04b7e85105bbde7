import type { Answer, Step, Volatile } from './scenario.ts'

const BODY_SECTIONS = ['status', 'json', 'lines', 'parts', 'text', 'base64'] as const

const USUAL_HEADERS = [
  'content-type',
  'etag',
  'location',
  'accept-ranges',
  'content-range',
  'content-disposition',
  'content-encoding',
  'content-md5',
  'www-authenticate',
  'x-couch-update-newrev',
  'x-couch-id',
]

/** Of other headers, one that CouchDB did not send may be there; these must not. */
const HEADERS_NEVER_ADDED = new Set(['www-authenticate', 'content-range'])

/** The differences between what CouchDB answered to a step and what this server answered, a sentence each. */
export function compare(want: Answer, got: Answer, step: Step): string[] {
  const comparison = new Comparison(step)
  for (const section of BODY_SECTIONS) comparison.section(section, want[section], got[section])
  for (const name of new Set(step.headers ?? USUAL_HEADERS)) {
    comparison.header(name, want.headers?.[name], got.headers?.[name])
  }
  return comparison.differences
}

class Comparison {
  readonly differences: string[] = []
  readonly #volatile: ReadonlyMap<string, Volatile>
  readonly #ignored: readonly string[]
  readonly #unordered: ReadonlySet<string>

  constructor(step: Step) {
    this.#volatile = new Map((step.volatile ?? []).map(volatile => [volatile.path, volatile]))
    this.#ignored = step.ignore ?? []
    this.#unordered = new Set(step.unordered)
  }

  section(name: string, want: unknown, got: unknown): void {
    if (want === undefined && got === undefined) return
    if (want !== undefined && got !== undefined) return this.#value(want, got, name)
    if (!this.#ignored.includes(name)) this.#differ(name, want, got)
  }

  header(name: string, want: unknown, got: unknown): void {
    if (want === undefined && (got === undefined || !HEADERS_NEVER_ADDED.has(name))) return
    if (name === 'content-type' && mediaType(want) === mediaType(got)) return
    this.#value(want, got, `headers.${name}`)
  }

  #value(want: unknown, got: unknown, path: string): void {
    if (this.#ignored.some(ignored => ignored === path || path.startsWith(`${ignored}.`))) return
    const volatile = this.#volatile.get(path)
    if (volatile) this.#volatileValue(volatile, want, got)
    else if (Array.isArray(want) && Array.isArray(got)) this.#array(want, got, path)
    else if (isObject(want) && isObject(got)) this.#object(want, got, path)
    else if (want !== got) this.#differ(path, want, got)
  }

  #volatileValue({ path, kind, number }: Volatile, want: unknown, got: unknown): void {
    if (kind === 'seq') {
      if (parseInt(String(got), 10) === number) return
      this.differences.push(`${path}: want a sequence numbered ${number ?? 'so'}, got ${show(got)}`)
    } else if (kindOf(want) !== kindOf(got)) {
      this.differences.push(`${path}: want ${kind} like ${show(want)}, got ${show(got)}`)
    }
  }

  #array(want: unknown[], got: unknown[], path: string): void {
    if (want.length !== got.length) {
      this.differences.push(`${path}: want ${want.length} entries, got ${got.length}: ${show(got)}`)
    }
    const [wanted, gotten] = this.#unordered.has(path) ? [inOrder(want), inOrder(got)] : [want, got]
    const shared = Math.min(want.length, got.length)
    for (let i = 0; i < shared; i++) this.#value(wanted[i], gotten[i], join(path, i))
  }

  #object(want: Record<string, unknown>, got: Record<string, unknown>, path: string): void {
    for (const key of new Set([...Object.keys(want), ...Object.keys(got)])) {
      const at = join(path, key)
      if (this.#ignored.includes(at)) continue
      if (!(key in want)) this.differences.push(`${at}: not in CouchDB's answer, got ${show(got[key])}`)
      else if (!(key in got)) this.differences.push(`${at}: missing, want ${show(want[key])}`)
      else this.#value(want[key], got[key], at)
    }
  }

  #differ(path: string, want: unknown, got: unknown): void {
    this.differences.push(`${path}: want ${show(want)}, got ${show(got)}`)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function mediaType(type: unknown): string {
  return (typeof type === 'string' ? type : '')
    .replace(/\s+/g, '')
    .replace(/;charset=utf-8/i, '')
    .toLowerCase()
}

function join(path: string, key: string | number): string {
  return path === '' ? String(key) : `${path}.${key}`
}

function show(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) return 'nothing'
  return text.length > 160 ? `${text.slice(0, 157)}...` : text
}

function inOrder(values: readonly unknown[]): unknown[] {
  const keyed = values.map(value => ({ value, key: JSON.stringify(value, withSortedKeys) }))
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ value }) => value)
}

function withSortedKeys(_key: string, value: unknown): unknown {
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
