import { fail } from '../errors.ts'

const SMALLEST_NORMAL = 2.2250738585072014e-308
/** jiffy reads shorter numbers with `strtod`; longer ones are left to Erlang. */
const LONG_NUMBER = 32

/**
 * The value of a number that has a fraction or an exponent, as jiffy and Erlang read it: an exponent may lack its digits
 * (`1e+` is 1.0), and long or tiny numbers without a fraction are computed by a power of ten, so that `5e-324` is 0.0.
 *
 * @throws `bad_request` "invalid UTF-8 JSON" when it is too large for a double
 */
export function floatValue(text: string): number {
  const bare = /[+-]$/.test(text)
  if (bare && text.length >= LONG_NUMBER) throw fail('invalidJson')
  const value = Number(bare ? text.slice(0, -2) : text)
  const special = text.length >= LONG_NUMBER || Math.abs(value) < SMALLEST_NORMAL
  const result = special && value !== 0 && !text.includes('.') ? byPowerOfTen(text) : value
  if (!Number.isFinite(result)) throw fail('invalidJson')
  return result
}

function byPowerOfTen(text: string): number {
  const exponent = text.search(/e/i)
  return Number(text.slice(0, exponent)) * Number(`1e${text.slice(exponent + 1)}`)
}

/** The text of a float as jiffy prints it: the shortest that reads back, with `.0` when it looks like an integer. */
export function floatText(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

/** CouchDB's estimate of the length of a float's text (`couch_ejson_size`), which `max_document_size` counts. */
export function floatSize(value: number): number {
  if (value < 0) return floatSize(-value) + 1
  if (value < 1) return smallFloatSize(value)
  if (value >= 1e100) return 5
  return value >= 1e10 ? 4 : 3
}

function smallFloatSize(value: number): number {
  if (value <= 1e-300) return 3
  if (value <= 1e-100) return 6
  if (value <= 1e-10) return 5
  return value <= 0.01 ? 4 : 3
}
