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
  for (let at = 0; at < json.length && count <= most;) {
    const byte = json[at]
    if (byte === QUOTE) at = skipString(json, at)
    else {
      if (byte === COMMA || byte === OPEN_BRACE || byte === OPEN_BRACKET) count++
      at++
    }
    if (at < pauseAt) continue
    yield
    pauseAt = at + STEP_BYTES
  }
  return count
}
