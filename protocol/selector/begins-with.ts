const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
/** No character below this joins the one before it, but a line feed behind a carriage return. */
const FIRST_COMBINING = 0x300
/** Characters that are looked at for one that joins the prefix. */
const AHEAD = 8

/**
 * Returns whether a text begins with a prefix as Erlang's string:prefix/2 has it: the prefix's last character must be a
 * whole one there. "e" does not begin "e\u0301".
 */
export function beginsWith(text: string, prefix: string): boolean {
  if (!text.startsWith(prefix)) return false
  if (prefix === '' || text.length === prefix.length) return true
  const next = text.charCodeAt(prefix.length)
  if (next < FIRST_COMBINING && !(next === 10 && prefix.endsWith('\r'))) return true
  const last = [...prefix].at(-1) ?? ''
  const start = prefix.length - last.length
  const [first] = graphemes.segment(text.slice(start, prefix.length + AHEAD))
  return first?.segment === last
}
