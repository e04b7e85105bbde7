import { bufferOf } from './bytes.ts'
import type { KeyWriter } from './collation/key-writer.ts'

/** Length of the number that tells apart rows of one document with equal keys; it ends the row's key. */
export const ORDINAL_BYTES = 3

const HEAD = 8
const BEFORE_ID = '{"id":'.length
const BEFORE_KEY = ',"key":'.length
const BEFORE_VALUE = ',"value":'.length

const encoder = new TextEncoder()

/**
 * Writes the stored value of a view's row: where the key's and the value's JSON begin in the row (four bytes each), then
 * the row as it is answered: `{"id":"a","key":1,"value":null}`.
 *
 * @param id the document's id as JSON, as are key and value
 */
export function writeRowValue(id: string, key: string, value: string, out: KeyWriter): void {
  const row = `{"id":${id},"key":${key},"value":${value}}`
  out.reserve(HEAD + 3 * row.length)
  const { bytes, length } = out
  const { written } = encoder.encodeInto(row, bytes.subarray(length + HEAD))
  const size =
    written === row.length ? (text: string) => text.length : (text: string) => Buffer.byteLength(text)
  const keyAt = BEFORE_ID + size(id) + BEFORE_KEY
  const places = new DataView(bytes.buffer, bytes.byteOffset + length, HEAD)
  places.setUint32(0, keyAt)
  places.setUint32(4, keyAt + size(key) + BEFORE_VALUE)
  out.length = length + HEAD + written
}

/** The row as it is answered. */
export function rowText(record: Uint8Array): Uint8Array {
  return record.subarray(HEAD)
}

function at(record: Uint8Array, offset: 0 | 4): number {
  const [a = 0, b = 0, c = 0, d = 0] = [
    record[offset],
    record[offset + 1],
    record[offset + 2],
    record[offset + 3],
  ]
  return HEAD + a * 0x1000000 + ((b << 16) | (c << 8) | d)
}

/** The JSON texts of a row. */
export function rowParts(record: Uint8Array): { id: string; key: string; value: string } {
  const row = bufferOf(record)
  const keyAt = at(record, 0)
  const valueAt = at(record, 4)
  return {
    id: row.toString('utf8', HEAD + BEFORE_ID, keyAt - BEFORE_KEY),
    key: row.toString('utf8', keyAt, valueAt - BEFORE_VALUE),
    value: row.toString('utf8', valueAt, row.length - 1),
  }
}

const BACKSLASH = 0x5c

/** The id of a row's document. */
export function rowId(record: Uint8Array): string {
  const row = bufferOf(record)
  const [from, end] = [HEAD + BEFORE_ID, at(record, 0) - BEFORE_KEY]
  const escape = row.indexOf(BACKSLASH, from)
  if (escape < 0 || escape >= end) return row.toString('utf8', from + 1, end - 1)
  return JSON.parse(row.toString('utf8', from, end)) as string
}

/** The JSON text of a row's key. */
export function rowKeyText(record: Uint8Array): string {
  const row = bufferOf(record)
  return row.toString('utf8', at(record, 0), at(record, 4) - BEFORE_VALUE)
}

/** The JSON text of a row's value. */
export function rowValueText(record: Uint8Array): string {
  const row = bufferOf(record)
  return row.toString('utf8', at(record, 4), row.length - 1)
}

const ZERO = 0x30
const NINE = 0x39
const MAX_DIGITS = 15

/** The value of a row, where it is a natural number of few digits; undefined for all others. */
export function numberValue(record: Uint8Array): number | undefined {
  const from = at(record, 4)
  const end = record.length - 1
  if (end - from > MAX_DIGITS) return undefined
  let value = 0
  for (let offset = from; offset < end; offset++) {
    const digit = record[offset] as number
    if (digit < ZERO || digit > NINE) return undefined
    value = value * 10 + (digit - ZERO)
  }
  return value
}
