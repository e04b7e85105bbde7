import type { JsonValue } from '../../../protocol/json-value.ts'
import { floatText } from '../../../protocol/json/numbers.ts'

/**
 * Numbers of built-in reductions: an integer stays one, and what a float went into is a float, whole or not, as in
 * Erlang. JavaScript numbers do not tell `3.0` from `3`, so a whole float is its text behind this character.
 */
const WHOLE_FLOAT = '\u0000'
const PRINTED_WHOLE_FLOAT = /"\\u0000(-?\d+\.0)"/g

/** From here on JavaScript prints an exponent. */
const LARGEST_PLAIN = 1e21

export type Numeric = number | string

export function isNumeric(value: JsonValue | undefined): value is Numeric {
  return typeof value === 'number' || (typeof value === 'string' && value.startsWith(WHOLE_FLOAT))
}

export function isFloat(value: Numeric): boolean {
  return !Number.isInteger(value)
}

export function plus(a: Numeric, b: Numeric): Numeric {
  if (Number.isInteger(a) && Number.isInteger(b)) return (a as number) + (b as number)
  return asFloat(numberOf(a) + numberOf(b), isFloat(a) || isFloat(b))
}

export function asFloat(value: number, hasFloat: boolean): Numeric {
  return hasFloat && Number.isInteger(value) && Math.abs(value) < LARGEST_PLAIN
    ? WHOLE_FLOAT + floatText(value)
    : value
}

/** The JSON of what a reduction gave. */
export function printNumeric(part: JsonValue): string {
  const text = JSON.stringify(part)
  return text.includes('"\\u0000') ? text.replace(PRINTED_WHOLE_FLOAT, '$1') : text
}

function numberOf(value: Numeric): number {
  return typeof value === 'number' ? value : Number(value.slice(WHOLE_FLOAT.length))
}
