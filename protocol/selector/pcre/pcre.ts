import { PatternError } from './ast.ts'
import { nativeRegex } from './native.ts'
import { parsePattern } from './parse.ts'
import { checkProgram } from './program-size.ts'
import { compileProgram } from './program.ts'
import { Matcher, type Matching } from './run.ts'

/** Steps (some milliseconds) above which a native expression is not used on a text. */
const MAX_NATIVE_STEPS = 10_000_000
/** Steps that our own engine takes in a millisecond, about: native matches are counted in the same unit. */
const STEPS_PER_MS = 20_000
/** Native matches of fewer steps are not timed: they take microseconds. */
const UNTIMED_STEPS = 1_000

/** A pattern as PCRE reads it in CouchDB: over the bytes of UTF-8, so that `.` is a byte. */
export interface Pattern {
  /** Begins a match with a text. It yields the steps that it took, some thousand at most at a time. */
  matching(text: string): Matching
  /** Steps of the compiled pattern, which take memory. */
  readonly size: number
}

/** Returns whether a pattern is one, without compiling it. */
export function isPattern(pattern: string): boolean {
  try {
    const { regex, referenced } = parse(pattern)
    checkProgram(regex, referenced)
    return true
  } catch (error) {
    if (error instanceof PatternError) return false
    throw error
  }
}

/** Compiles a pattern; undefined if it is invalid. */
export function compilePattern(pattern: string): Pattern | undefined {
  try {
    return compile(pattern)
  } catch (error) {
    if (error instanceof PatternError) return undefined
    throw error
  }
}

/** Longest pattern: compiled ones have at most 64 KiB in PCRE, of which every character that counts takes a byte. */
const MAX_PATTERN_BYTES = 64 * 1024

function parse(pattern: string): ReturnType<typeof parsePattern> {
  if (pattern.length > MAX_PATTERN_BYTES) throw new PatternError('regular expression is too large')
  return parsePattern(bytesAsText(pattern))
}

function compile(pattern: string): Pattern {
  const { regex, referenced } = parse(pattern)
  const size = checkProgram(regex, referenced)
  const native = nativeRegex(regex)
  let matcher: Matcher | undefined
  const slow = (): Matcher =>
    (matcher ??= new Matcher(compileProgram(regex, referenced), referenced.size > 0))
  if (native === undefined) return { size, matching: text => slow().matching(Buffer.from(text)) }
  return {
    size,
    matching: text => {
      const bytes = bytesAsText(text)
      const steps = native.steps(bytes.length)
      return steps > MAX_NATIVE_STEPS
        ? slow().matching(Buffer.from(bytes, 'latin1'))
        : nativeMatching(native.expression, bytes, steps)
    },
  }
}

function* nativeMatching(expression: RegExp, text: string, mostSteps: number): Matching {
  if (mostSteps <= UNTIMED_STEPS) return expression.test(text)
  const started = performance.now()
  const matches = expression.test(text)
  yield Math.min(mostSteps, Math.ceil((performance.now() - started) * STEPS_PER_MS))
  return matches
}

/** The text with one character for each of its bytes; the same text where it is ASCII. */
function bytesAsText(text: string): string {
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text).toString('latin1')
}
