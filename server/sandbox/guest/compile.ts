import { evaluate, isSyntaxError, parse } from './builtins.ts'
import { host, type GuestFunction } from './host.ts'

let language = 'javascript'

/** Sets the language of the functions that are compiled from now on; modules are JavaScript always. */
export function setLanguage(value: unknown): void {
  language = typeof value === 'string' ? value : 'javascript'
}

/**
 * Compiles a function of a design document.
 *
 * @param source a script whose value is a function
 * @throws GuestError `compilation_error`, or `not_found` where there is no source
 */
export function compile(source: unknown): GuestFunction {
  if (typeof source !== 'string' || source === '') throw ['error', 'not_found', 'missing function']
  let found: unknown
  try {
    found = valueOf(source)
  } catch (error) {
    throw ['error', 'compilation_error', `${String(error)} (${source})`]
  }
  if (typeof found === 'function') return found as GuestFunction
  throw ['error', 'compilation_error', `Expression does not eval to a function. (${source})`]
}

function valueOf(source: string): unknown {
  const prepared = parse(host.prepare(source, language)) as { code: string; plain: string; error?: string }
  if (prepared.error !== undefined) throw prepared.error
  try {
    return evaluate(prepared.code)
  } catch (thrown) {
    // The error of what was made of the source is about another text.
    if (isSyntaxError(thrown) && prepared.code !== prepared.plain) return evaluate(prepared.plain)
    throw thrown
  }
}
