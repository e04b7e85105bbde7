import { PatternError } from './ast.ts'
import { nativeRegex } from './native.ts'
import { parsePattern } from './parse.ts'
import { compileProgram } from './program.ts'
import { Matcher } from './run.ts'

/** A native expression that may take more steps than this on a text is not asked: they are some milliseconds. */
const MAX_NATIVE_STEPS = 10_000_000

/**
 * Compiles a pattern as PCRE reads it in CouchDB: over the bytes of UTF-8, so that `.` is a byte. No pattern and no
 * text can hold up the caller for more than some milliseconds. Undefined where the pattern is none.
 */
export function compilePcre(pattern: string): ((text: string) => boolean) | undefined {
  try {
    return matcher(bytesAsText(pattern))
  } catch (error) {
    if (error instanceof PatternError) return undefined
    throw error
  }
}

function matcher(pattern: string): (text: string) => boolean {
  const { regex, hasBackreferences } = parsePattern(pattern)
  const slow = new Matcher(compileProgram(regex, hasBackreferences), hasBackreferences)
  const native = nativeRegex(regex)
  if (native === undefined) return text => slow.test(Buffer.from(text))
  return text => {
    const bytes = bytesAsText(text)
    return native.steps(bytes.length) > MAX_NATIVE_STEPS
      ? slow.test(Buffer.from(bytes, 'latin1'))
      : native.expression.test(bytes)
  }
}

/** The text with one character for each of its bytes; the same text where it is ASCII. */
function bytesAsText(text: string): string {
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text).toString('latin1')
}
