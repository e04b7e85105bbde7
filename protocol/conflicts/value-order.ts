import { compareRaw } from '../collation/raw.ts'
import type { JsonValue } from '../json-value.ts'
import { compareDecimals } from './decimal.ts'
import { compareInstants, parseInstant } from './instant.ts'
import type { JsonText } from './json-text.ts'

const OTHER = 0
const NUMBER = 1
const TIME = 2

/**
 * Compares two values in the order of policies: what is neither a number nor a time, in Erlang's order of terms; then numbers,
 * by their exact values; then times (RFC 3339), as instants. Equal values are told apart by their texts, so that two values
 * are the same only if their texts are. Returns a number below, above or equal to 0.
 */
export function compareValues(a: JsonText, b: JsonText): number {
  return compareMagnitudes(a, b) || Buffer.compare(a, b)
}

/** As {@link compareValues}, with 0 for values that are equal and spelled differently. */
function compareMagnitudes(a: JsonText, b: JsonText): number {
  const kind = kindOf(a)
  const difference = kind - kindOf(b)
  if (difference !== 0) return difference
  if (kind === NUMBER) return compareDecimals(a.toString(), b.toString())
  if (kind === OTHER)
    return compareRaw(JSON.parse(a.toString()) as JsonValue, JSON.parse(b.toString()) as JsonValue)
  return compareMoments(a, b)
}

/**
 * Compares two values of the field that says when a leaf was written: numbers and times by their magnitude, times above
 * numbers, and anything else, or nothing, below both and equal to each other.
 */
export function compareMoments(a: JsonText | undefined, b: JsonText | undefined): number {
  const [kindA, kindB] = [momentKind(a), momentKind(b)]
  if (kindA !== kindB || a === undefined || b === undefined || kindA === OTHER) return kindA - kindB
  if (kindA === NUMBER) return compareDecimals(a.toString(), b.toString())
  const [left, right] = [parseInstant(stringOf(a)), parseInstant(stringOf(b))]
  return left === undefined || right === undefined ? 0 : compareInstants(left, right)
}

function momentKind(json: JsonText | undefined): number {
  return json === undefined ? OTHER : kindOf(json)
}

function kindOf(json: JsonText): number {
  const first = json[0]
  if (first === MINUS || (first !== undefined && first >= ZERO && first <= NINE)) return NUMBER
  return first === QUOTE && parseInstant(stringOf(json)) !== undefined ? TIME : OTHER
}

const QUOTE = 0x22
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39

function stringOf(json: JsonText): string {
  return JSON.parse(json.toString()) as string
}
