import { withoutTrailing } from '../trailing.ts'

/** A number as its text says: sign, digits without leading and trailing zeros, and the power of ten in front of them. */
interface Decimal {
  readonly sign: -1 | 0 | 1
  /** Of 0.ddd × 10^exponent. */
  readonly exponent: number
  readonly digits: string
}

/** Compares two JSON numbers by their exact values, however many digits they have. Returns -1, 0 or 1. */
export function compareDecimals(a: string, b: string): number {
  const [left, right] = [parseDecimal(a), parseDecimal(b)]
  if (left.sign !== right.sign) return left.sign < right.sign ? -1 : 1
  if (left.sign === 0) return 0
  if (left.exponent !== right.exponent) return left.exponent < right.exponent ? -left.sign : left.sign
  if (left.digits === right.digits) return 0
  return left.digits < right.digits ? -left.sign : left.sign
}

const NUMBER = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/

function parseDecimal(text: string): Decimal {
  const [, minus = '', whole = '0', fraction = '', power = '0'] = NUMBER.exec(text) ?? []
  const all = whole + fraction
  const digits = all.replace(/^0+/, '')
  if (digits === '') return { sign: 0, exponent: 0, digits: '' }
  const exponent = whole.length - (all.length - digits.length) + Number(power)
  return { sign: minus === '' ? 1 : -1, exponent, digits: withoutTrailing(digits, '0') }
}
