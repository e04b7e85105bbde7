const SPACE = /[ \t\r\n]+/g
const PADDING = '='

/** Decodes base64 as Erlang's `base64:decode/1` does: padding is due, white space is passed over; undefined if invalid. */
export function decodeBase64(text: string): Buffer | undefined {
  return decodeCompact(text) ?? decodeCompact(text.replace(SPACE, ''))
}

/**
 * Decodes base64 without white space. Node's decoder passes over what is no base64, so less comes out then; it takes the letters
 * of base64url as well.
 */
function decodeCompact(text: string): Buffer | undefined {
  const { length } = text
  if (length % 4 !== 0 || text.includes('-') || text.includes('_')) return undefined
  // Of characters beyond Latin-1 it takes the lower half.
  if (Buffer.byteLength(text) !== length) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith(PADDING) ? 1 : 0
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === (length / 4) * 3 - padding ? bytes : undefined
}
