import { fail } from '../errors.ts'
import { STEP_BYTES, type Steps } from '../steps.ts'
import { COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './characters.ts'
import { shortStringEnd, skipStringInSteps } from './skip.ts'

/** Most values of a text, and most bytes of a string in it as it is spelled. */
export interface TextBounds {
  readonly values: number
  readonly string: number
}

/** @throws `too_large` where a text has more than its bounds allow, before anything is made of it */
export function* checkText(json: Uint8Array, { values, string }: TextBounds): Steps<void> {
  const count = yield* countValues(json, values, string)
  if (count > values) throw fail('tooLarge', `the request entity has more than ${values} values`)
}

/**
 * Counts the values of a JSON text before anything is made of them: its containers, and the elements and members behind
 * the first of each. Malformed text is counted somehow.
 *
 * @param longest bytes of a string, from where on it is `too_large`
 * @returns the count, or a number above `most` as soon as there are more
 */
export function* countValues(json: Uint8Array, most: number, longest = Infinity): Steps<number> {
  let count = 1
  let pauseAt = STEP_BYTES
  for (let offset = 0; offset < json.length && count <= most;) {
    const byte = json[offset]
    if (byte === QUOTE) {
      const end = shortStringEnd(json, offset) || (yield* skipStringInSteps(json, offset))
      if (end - offset > longest)
        throw fail('tooLarge', `a string of the request entity has more than ${longest} bytes`)
      offset = end
    } else {
      if (byte === COMMA || byte === OPEN_BRACE || byte === OPEN_BRACKET) count++
      offset++
    }
    if (offset < pauseAt) continue
    yield
    pauseAt = offset + STEP_BYTES
  }
  return count
}
