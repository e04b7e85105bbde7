/** Strings, and the brackets of containers. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[[\]{}]/g

/** Returns how many containers of a valid JSON text lie within each other at most. */
export function nestingOf(json: string): number {
  let depth = 0
  let deepest = 0
  for (const [token] of json.matchAll(TOKENS)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth)
    else if (token === ']' || token === '}') depth--
  }
  return deepest
}
