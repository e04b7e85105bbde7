import {
  QUOTE,
  BACKSLASH,
  COMMA,
  OPEN_BRACKET,
  CLOSE_BRACKET,
  OPEN_BRACE,
  CLOSE_BRACE,
} from './characters.ts'
import { STEP_BYTES, type Steps } from '../steps.ts'

/** Up to here a string is read byte by byte: a search costs a call. */
const SHORT = 24

/*
 * Skipping in JSON text that was checked when it was stored: it has no white space, and nothing in it is malformed.
 */

/** Returns the end of a string. @param offset its opening quote */
export function skipString(json: Uint8Array, offset: number): number {
  let end = offset + 1
  for (const short = end + SHORT; end < short;) {
    const byte = json[end]
    if (byte === QUOTE) return end + 1
    end += byte === BACKSLASH ? 2 : 1
  }
  for (;;) {
    const quote = json.indexOf(QUOTE, end)
    if (quote < 0) return json.length
    if (!isEscaped(json, quote, end)) return quote + 1
    end = quote + 1
  }
}

/** Bytes of a string that are looked through at once. */
const PART = 1024

/** As `skipString`, for strings of any length in text of any kind. */
export function* skipStringInSteps(json: Uint8Array, offset: number): Steps<number> {
  for (let from = offset + 1; ;) {
    const part = json.subarray(from, from + STEP_BYTES)
    const end = part.includes(BACKSLASH)
      ? stringEnd(json, from, from + part.length)
      : plainEnd(json, from, part)
    if (end > 0) return end
    from = -end
    yield
  }
}

/** Returns the end of a string of at most some hundred bytes; 0 where it is longer. @param offset its opening quote */
export function shortStringEnd(json: Uint8Array, offset: number): number {
  return Math.max(0, stringEnd(json, offset + 1, offset + PART))
}

/** As `stringEnd`, for a part without escapes. */
function plainEnd(json: Uint8Array, from: number, part: Uint8Array): number {
  const quote = part.indexOf(QUOTE)
  if (quote >= 0) return from + quote + 1
  return from + part.length < json.length ? -(from + part.length) : json.length
}

/** Returns the end of a string, or, negative, where to go on behind `stop`. */
function stringEnd(json: Uint8Array, from: number, stop: number): number {
  let offset = from
  while (offset < stop) {
    const byte = json[offset]
    if (byte === QUOTE) return offset + 1
    if (byte === undefined) return json.length
    offset += byte === BACKSLASH ? 2 : 1
  }
  return -offset
}

/** Returns whether an odd number of backslashes precedes a position. @param from a position known to be unescaped */
function isEscaped(json: Uint8Array, offset: number, from: number): boolean {
  let before = offset - 1
  while (before >= from && json[before] === BACKSLASH) before--
  return (offset - before) % 2 === 0
}

/** Returns the end of a value. @param offset its first byte */
export function skipValue(json: Uint8Array, offset: number): number {
  const first = json[offset]
  if (first === QUOTE) return skipString(json, offset)
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipContainer(json, offset)
  let end = offset + 1
  for (; end < json.length; end++) {
    const byte = json[end]
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET) break
  }
  return end
}

function skipContainer(json: Uint8Array, offset: number): number {
  let depth = 0
  for (let end = offset; end < json.length;) {
    const byte = json[end]
    if (byte === QUOTE) {
      end = skipString(json, end)
      continue
    }
    end++
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return end
  }
  return json.length
}
