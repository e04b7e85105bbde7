import { fail } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'

/** A path and query that a rule leads to, relative to the design document. */
export interface Rewritten {
  readonly path: string
  readonly query: readonly (readonly [name: string, value: string])[]
}

interface Match {
  readonly bindings: Readonly<Record<string, string>>
  /** The rest of the path that `*` matched. */
  readonly rest: readonly string[]
}

const KEYS = new Set(['key', 'startkey', 'start_key', 'endkey', 'end_key', 'keys'])

/** A rule leads up from the design document to its database at most, where that is not allowed. */
const SAFE_STEPS_UP = 2

/**
 * The rules of a design document's `rewrites`.
 *
 * @param isSafe whether none may lead out of the database (CouchDB: `secure_rewrites`)
 * @throws `insecure_rewrite_rule` where one does, even if it is not requested
 */
export function compileRules(rules: readonly JsonValue[], isSafe: boolean): JsonObject[] {
  const compiled = rules.filter(isJsonObject)
  for (const { to } of compiled) {
    const up = segments(to ?? null).filter(segment => segment === '..').length
    if (isSafe && up > SAFE_STEPS_UP) throw fail('insecureRewrite')
  }
  return compiled
}

/** A request as rules see it. */
export interface RewriteRequest {
  readonly method: string
  /** The decoded segments of the path after `_rewrite/`. */
  readonly path: readonly string[]
  readonly query: readonly (readonly [string, string])[]
}

/**
 * Applies the rules of a design document's `rewrites`; the first that fits counts. (CouchDB: chttpd_rewrite)
 *
 * @param maxLength of the result, in characters: `*` and `:name` may stand in a rule many times, and rules lead to
 *   each other, so that a short path could grow without end
 * @throws `not_found` where no rule fits; `rewrite_error` where the result is too long
 */
export function rewrite(
  rules: readonly JsonObject[],
  { method, path, query }: RewriteRequest,
  maxLength: number,
): Rewritten {
  for (const rule of rules) {
    if (!fits(rule.method, method)) continue
    const match = matchPath(segments(rule.from ?? '*'), path)
    if (match !== undefined) return follow(rule, match, query, limitLength(maxLength))
  }
  throw fail('missing')
}

/** Returns a function that passes texts on until they are too long together. */
function limitLength(maxLength: number): (text: string) => string {
  let length = 0
  return text => {
    length += text.length + 1
    if (length > maxLength) throw fail('badRewrite', TOO_LONG)
    return text
  }
}

/** The reason of the error for a path and query that are too long. */
export const TOO_LONG = 'path and query are too long'

function fits(wanted: JsonValue | undefined, method: string): boolean {
  return wanted === undefined || wanted === '*' || wanted === method
}

function segments(path: JsonValue): string[] {
  return typeof path === 'string' ? path.split('/').filter(segment => segment !== '') : []
}

function matchPath(pattern: readonly string[], path: readonly string[]): Match | undefined {
  const bindings: Record<string, string> = {}
  for (const [index, token] of pattern.entries()) {
    if (token === '*') return { bindings, rest: path.slice(index) }
    const segment = path[index]
    if (segment === undefined) return undefined
    if (token.startsWith(':')) bindings[token.slice(1)] = segment
    else if (token !== segment) return undefined
  }
  return path.length === pattern.length ? { bindings, rest: [] } : undefined
}

function follow(
  rule: JsonObject,
  match: Match,
  query: RewriteRequest['query'],
  limited: (text: string) => string,
): Rewritten {
  const known = { ...Object.fromEntries(query), ...match.bindings }
  const lookUp = (name: string): string | undefined => {
    const found = Object.hasOwn(known, name) ? known[name] : undefined
    return found === undefined ? undefined : limited(found)
  }
  const own = Object.entries(isJsonObject(rule.query) ? rule.query : {}).map(
    ([name, value]) => [limited(name), parameter(name, value, lookUp, rule.formats)] as const,
  )
  const ownNames = new Set(own.map(([name]) => name))
  const path = segments(rule.to ?? null).flatMap(token => {
    if (token === '*') return match.rest.map(limited)
    return token.startsWith(':') ? [lookUp(token.slice(1)) ?? 'undefined'] : [limited(token)]
  })
  return {
    path: path.map(encode).join('/'),
    query: [...Object.entries(known).filter(([name]) => !ownNames.has(name)), ...own],
  }
}

function parameter(
  name: string,
  value: JsonValue,
  lookUp: (name: string) => string | undefined,
  formats: JsonValue | undefined,
): string {
  const filled = fill(value, lookUp, isJsonObject(formats) ? formats : {})
  if (typeof filled === 'string' && !KEYS.has(name)) return filled
  return JSON.stringify(filled)
}

/** Puts what is known in for `:name`. */
function fill(
  value: JsonValue,
  lookUp: (name: string) => string | undefined,
  formats: JsonObject,
): JsonValue {
  if (Array.isArray(value)) return value.map(item => fill(item, lookUp, formats))
  if (typeof value !== 'string' || !value.startsWith(':')) return value
  const name = value.slice(1)
  const found = lookUp(name)
  return found === undefined ? value : formatted(found, formats[name])
}

function formatted(text: string, format: JsonValue | undefined): JsonValue {
  if (format === 'int' && /^[+-]?\d+$/.test(text)) return Number(text)
  if (format === 'bool' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  return text
}

function encode(segment: string): string {
  return segment === '..' || segment === '.' ? segment : encodeURIComponent(segment)
}
