import { commonBoundary, hasLongMarks } from './boundary.ts'
import { KeyWriter } from './key-writer.ts'
import { rootElements } from './root.ts'
import { writeBeginning, writeFirstLevel, writeStringKey } from './string-key.ts'

const FIRST_PRINTABLE = 0x20
const LAST_PRINTABLE = 0x7e

/** Code units by which long strings are compared first: there are eight times as many next. */
const FIRST_BEGINNING = 64

/** A writer that knows whose key it holds, as many values may be compared to a long one. */
class StringKey extends KeyWriter {
  private text: string | undefined

  hold(text: string): void {
    if (this.text === text) return
    this.clear()
    writeStringKey(text, this)
    this.text = text
  }
}

const [left, right] = [new KeyWriter(), new KeyWriter()]
const [wholeLeft, wholeRight] = [new StringKey(), new StringKey()]

/**
 * Compares two strings in the order of the CLDR root collation, all three levels. Returns -1, 0 or 1. It compares what
 * the sort keys hold, so that it agrees with the order of stored view rows whatever collation data the runtime has.
 */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  return compareAscii(a, b) ?? compareKeys(a, b)
}

/** Printable ASCII has one element a character, and differs in the first level or the third; undefined for the rest. */
function compareAscii(a: string, b: string): number | undefined {
  const { primaries, tertiaries } = asciiWeights()
  let order = 0
  const length = Math.max(a.length, b.length)
  let primaryOrder = 0
  for (let i = 0; i < length; i++) {
    const unitA = i < a.length ? a.charCodeAt(i) : 0
    const unitB = i < b.length ? b.charCodeAt(i) : 0
    if (unitA === unitB) {
      if (unitA < FIRST_PRINTABLE || unitA > LAST_PRINTABLE) return undefined
      continue
    }
    if (isBeyond(unitA, i < a.length) || isBeyond(unitB, i < b.length)) return undefined
    if (primaryOrder === 0)
      primaryOrder = Math.sign((primaries[unitA] as number) - (primaries[unitB] as number))
    if (order === 0) order = Math.sign((tertiaries[unitA] as number) - (tertiaries[unitB] as number))
  }
  return primaryOrder || order
}

function isBeyond(unit: number, isThere: boolean): boolean {
  return isThere && (unit < FIRST_PRINTABLE || unit > LAST_PRINTABLE)
}

function compareKeys(a: string, b: string): number {
  const [restA, restB] = withoutCommonBeginning(a, b)
  return compareBeginnings(restA, restB) ?? compareWholeKeys(restA, restB)
}

/** Long strings that begin alike differ as their rests do, unless these would be taken apart in another way. */
function withoutCommonBeginning(a: string, b: string): readonly [string, string] {
  if (Math.min(a.length, b.length) < FIRST_BEGINNING) return [a, b]
  const end = commonBoundary(a, b)
  if (end === 0) return [a, b]
  const rests = [a.slice(end), b.slice(end)] as const
  return hasLongMarks(a) === hasLongMarks(rests[0]) && hasLongMarks(b) === hasLongMarks(rests[1])
    ? rests
    : [a, b]
}

/** Compares long strings by their beginnings, so that the time goes by where they differ; undefined where these are equal. */
function compareBeginnings(a: string, b: string): number | undefined {
  const longest = Math.max(a.length, b.length)
  for (let length = FIRST_BEGINNING; length < longest; length *= 8) {
    if (!writeUpTo(a, length, left) || !writeUpTo(b, length, right)) return undefined
    const common = Math.min(left.length, right.length)
    const order = Buffer.compare(left.bytes.subarray(0, common), right.bytes.subarray(0, common))
    if (order !== 0) return order
  }
  return undefined
}

/** Writes the first level of a string, or its beginning; returns false where that cannot be told. */
function writeUpTo(text: string, length: number, key: KeyWriter): boolean {
  key.clear()
  if (text.length > length) return writeBeginning(text, length, key)
  writeFirstLevel(text, key)
  return true
}

function compareWholeKeys(a: string, b: string): number {
  wholeLeft.hold(a)
  wholeRight.hold(b)
  return Buffer.compare(
    wholeLeft.bytes.subarray(0, wholeLeft.length),
    wholeRight.bytes.subarray(0, wholeRight.length),
  )
}

interface AsciiWeights {
  readonly primaries: Float64Array
  readonly tertiaries: Uint8Array
}

let weights: AsciiWeights | undefined

/** The end of a string, at 0, weighs less than anything. */
function asciiWeights(): AsciiWeights {
  if (weights !== undefined) return weights
  const root = rootElements()
  const primaries = new Float64Array(128)
  const tertiaries = new Uint8Array(128)
  for (let unit = FIRST_PRINTABLE; unit <= LAST_PRINTABLE; unit++) {
    const start = root.entryOf(unit) >> 4
    primaries[unit] = root.primaries[start] as number
    tertiaries[unit] = root.tertiaries[start] as number
  }
  weights = { primaries, tertiaries }
  return weights
}
