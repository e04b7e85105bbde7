const SPACE = /[ \t\r\n]+/g
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** Decodes base64 as Erlang's `base64:decode/1` does: padding is due, white space is passed over; undefined if invalid. */
export function decodeBase64(text: string): Buffer | undefined {
  const compact = text.replace(SPACE, '')
  return compact.length % 4 === 0 && BASE64.test(compact) ? Buffer.from(compact, 'base64') : undefined
}
