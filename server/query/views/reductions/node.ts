import type { JsonValue } from '../../../../protocol/json-value.ts'

/** What is known of the rows from one row to the next of a level: how many, and their reduction. */
export interface Node {
  readonly count: number
  /** Undefined where the view has no reduce function, or there are no rows. */
  readonly part: JsonValue | undefined
}

const COUNT_BYTES = 6

export function encodeNode({ count, part }: Node): Buffer {
  const text = part === undefined ? '' : JSON.stringify(part)
  const record = Buffer.allocUnsafe(COUNT_BYTES + Buffer.byteLength(text))
  record.writeUIntBE(count, 0, COUNT_BYTES)
  record.write(text, COUNT_BYTES)
  return record
}

export function countOf(record: Uint8Array): number {
  return Buffer.from(record.buffer, record.byteOffset, COUNT_BYTES).readUIntBE(0, COUNT_BYTES)
}

export function partOf(record: Uint8Array): JsonValue | undefined {
  if (record.length === COUNT_BYTES) return undefined
  const text = Buffer.from(record.buffer, record.byteOffset + COUNT_BYTES, record.length - COUNT_BYTES)
  return JSON.parse(text.toString()) as JsonValue
}
