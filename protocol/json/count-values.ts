import { STEP_BYTES, type Steps } from '../steps.ts'
import { COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './characters.ts'
import { skipString } from './skip.ts'

/**
 * Counts the values of a JSON text before anything is made of them: its containers, and the elements and members behind
 * the first of each. Malformed text is counted somehow.
 *
 * @returns the count, or a number above `most` as soon as there are more
 */
export function* countValues(json: Uint8Array, most: number): Steps<number> {
  let count = 1
  let pauseAt = STEP_BYTES
  for (let offset = 0; offset < json.length && count <= most;) {
    const byte = json[offset]
    if (byte === QUOTE) offset = skipString(json, offset)
    else {
      if (byte === COMMA || byte === OPEN_BRACE || byte === OPEN_BRACKET) count++
      offset++
    }
    if (offset < pauseAt) continue
    yield
    pauseAt = offset + STEP_BYTES
  }
  return count
}
