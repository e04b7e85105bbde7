/**
 * Decodes a segment of a path as CouchDB does: percent escapes, and `+` as a space.
 *
 * @returns undefined when the bytes are not UTF-8
 */
export function decodeSegment(segment: string): string | undefined {
  if (!/[%+]/.test(segment)) return segment
  try {
    return decodeURIComponent(segment.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

/** Encodes a segment as CouchDB prints it in `Location`: all but letters, digits and `-_.:` is escaped. */
export function encodeSegment(text: string): string {
  let encoded = ''
  for (const byte of Buffer.from(text)) {
    encoded += UNESCAPED[byte] ?? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

const UNESCAPED: Readonly<Record<number, string>> = Object.fromEntries(
  [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:'].map(character => [
    character.charCodeAt(0),
    character,
  ]),
)
