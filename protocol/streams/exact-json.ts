import { jsonString } from '../json/json-string.ts'
import { ExactNumber, type ExactObject, type ExactValue, isExactObject } from './exact-value.ts'
import { ExactParser, textOfBytes } from './exact-parser.ts'

export { ExactNumber, type ExactObject, type ExactValue, isExactObject }

/**
 * Parses JSON by the rules for documents.
 *
 * @throws BadEvent `invalid_json`
 */
export function parseExact(json: Uint8Array): ExactValue {
  const parser = new ExactParser(textOfBytes(json))
  const value = parser.value()
  parser.end()
  return value
}

/** Prints a value; `parseExact` of it is the same value. */
export function printExact(value: ExactValue): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return jsonString(value)
  if (value instanceof ExactNumber) return value.text
  if (Array.isArray(value)) return `[${value.map(printExact).join(',')}]`
  return printObject(value)
}

function printObject(value: ExactObject): string {
  let text = ''
  // One is printed for each row: a copy of its entries would cost as much again.
  value.forEach(
    (member, name) => (text += `${text === '' ? '' : ','}${jsonString(name)}:${printExact(member)}`),
  )
  return `{${text}}`
}

/** Returns an integer that fits a JavaScript number; undefined for anything else. */
export function integerOf(value: ExactValue | undefined): number | undefined {
  if (!(value instanceof ExactNumber) || !/^-?\d+$/.test(value.text)) return undefined
  const number = Number(value.text)
  return Number.isSafeInteger(number) ? number : undefined
}
