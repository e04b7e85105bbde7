/**
 * Returns a text without the characters at its end that are one given. The pattern `/0+$/` does the same, but tries again at each
 * zero before the end: for a long row of them within a text it takes the square of the time.
 */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === character) end--
  return text.slice(0, end)
}
