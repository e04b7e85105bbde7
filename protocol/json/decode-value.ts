import { QUOTE, OPEN_BRACKET, OPEN_BRACE } from './characters.ts'
import type { JsonValue } from '../json-value.ts'

/** A value from its text; short and simple ones without a parser. */
export function decodeValue(text: string): JsonValue {
  switch (text.charCodeAt(0)) {
    case QUOTE:
      return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1)
    case OPEN_BRACE:
    case OPEN_BRACKET:
      return JSON.parse(text) as JsonValue
    default:
      return text === 'null' ? null : text === 'true' ? true : text === 'false' ? false : Number(text)
  }
}
