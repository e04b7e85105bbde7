import type { JsonValue } from '../../../../protocol/json-value.ts'

/** Number and reduction of the rows from one node's start to the next's. */
export interface ReductionNode {
  readonly count: number
  /** Undefined without a reduce function, and without rows. */
  readonly reduction: JsonValue | undefined
}

const COUNT_BYTES = 6

/** Encodes a node: the count in six bytes, then the reduction's JSON text, empty if it is undefined. */
export function encodeNode({ count, reduction }: ReductionNode): Buffer {
  const text = reduction === undefined ? '' : JSON.stringify(reduction)
  const record = Buffer.allocUnsafe(COUNT_BYTES + Buffer.byteLength(text))
  record.writeUIntBE(count, 0, COUNT_BYTES)
  record.write(text, COUNT_BYTES)
  return record
}

/** Returns the number of rows from an encoded node. */
export function countOf(record: Uint8Array): number {
  return Buffer.from(record.buffer, record.byteOffset, COUNT_BYTES).readUIntBE(0, COUNT_BYTES)
}

/** Parses the reduction in an encoded node. */
export function reductionOf(record: Uint8Array): JsonValue | undefined {
  if (record.length === COUNT_BYTES) return undefined
  const text = Buffer.from(record.buffer, record.byteOffset + COUNT_BYTES, record.length - COUNT_BYTES)
  return JSON.parse(text.toString()) as JsonValue
}
