import {
  QUOTE,
  BACKSLASH,
  COMMA,
  OPEN_BRACKET,
  CLOSE_BRACKET,
  OPEN_BRACE,
  CLOSE_BRACE,
} from './characters.ts'

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
