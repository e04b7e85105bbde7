import { bestMatch } from './accept.ts'
import { scope } from './builtins.ts'
import type { GuestFunction } from './host.ts'

const types: Record<string, string[]> = {}
const keyOfType: Record<string, string> = {}
/** The functions that the running function provides, by the key of their type. */
let provided: [key: string, run: GuestFunction][] = []
let chosen: string | undefined

/** Installs `provides` and `registerType`: answers in the type that the client asks for. */
export function installMimeGlobals(): void {
  registerKnownTypes()
  scope.registerType = registerType
  scope.provides = (key: string, run: GuestFunction) => provided.push([key, run])
}

function registerType(key: string, ...mimes: string[]): void {
  types[key] = mimes
  for (const mime of mimes) keyOfType[mime] = key
}

/** Registers the types that CouchDB knows. (CouchDB: share/server/mime.js) */
function registerKnownTypes(): void {
  registerType('all', '*/*')
  registerType('text', 'text/plain; charset=utf-8', 'txt')
  registerType('html', 'text/html; charset=utf-8')
  registerType('xhtml', 'application/xhtml+xml', 'xhtml')
  registerType('xml', 'application/xml', 'text/xml', 'application/x-xml')
  registerType('js', 'text/javascript', 'application/javascript', 'application/x-javascript')
  registerType('css', 'text/css')
  registerType('ics', 'text/calendar')
  registerType('csv', 'text/csv')
  registerType('rss', 'application/rss+xml')
  registerType('atom', 'application/atom+xml')
  registerType('yaml', 'application/x-yaml', 'text/yaml')
  registerType('multipart_form', 'multipart/form-data')
  registerType('url_encoded_form', 'application/x-www-form-urlencoded')
  registerType('json', 'application/json', 'text/x-json')
}

/** Forgets the functions that the call before provided. */
export function resetMime(): void {
  provided = []
  chosen = undefined
}

/** Returns whether the running function has called `provides`. */
export function isMimeUsed(): boolean {
  return provided.length > 0
}

/** Returns the type that `runProvided` chose. */
export function chosenType(): string | undefined {
  return chosen
}

/** Runs the function whose type suits the request best. @throws GuestError `not_acceptable` */
export function runProvided(
  { headers, query }: { headers?: Record<string, string>; query?: Record<string, string> },
  ddoc: unknown,
): unknown {
  const accept = headers?.Accept
  const key = choose(accept, query?.format)
  const found = provided.find(([name]) => name === key)
  if (found !== undefined) return found[1].call(ddoc)
  const known = provided.map(([name]) => types[name]?.join(', ') ?? name).join(', ')
  const reason = `Content-Type ${String(accept ?? key)} not supported, try one of: ${known}`
  throw ['error', 'not_acceptable', reason]
}

/** Chooses a type and returns its key. */
function choose(accept: string | undefined, format: string | undefined): string | undefined {
  if (format) {
    chosen = types[format]?.[0]
    return format
  }
  if (accept) {
    const supported = provided.toReversed().flatMap(([key]) => types[key] ?? [])
    chosen = bestMatch(supported, accept)
    return chosen === undefined ? undefined : keyOfType[chosen]
  }
  const first = provided[0]?.[0]
  chosen = first === undefined ? undefined : types[first]?.[0]
  return first
}
