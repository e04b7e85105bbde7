import { ByteReader } from './byte-reader.ts'

const HEADER_BYTES = 12
const PUT = 1

/** A batch as it lies in a log. */
export interface LoggedBatch {
  /** The number of its first entry: the entries of a store are numbered one after the other, without a gap. */
  readonly sequence: number
  readonly count: number
}

/**
 * Decodes a record of a log (LevelDB: write_batch.cc).
 *
 * @param visit called for each entry, without a value for a deletion
 * @returns undefined where it is no batch
 */
export function readBatch(
  record: Uint8Array,
  visit: (key: Uint8Array, value: Uint8Array | undefined) => void,
): LoggedBatch | undefined {
  if (record.length < HEADER_BYTES) return undefined
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength)
  const count = view.getUint32(8, true)
  const reader = new ByteReader(record, HEADER_BYTES)
  try {
    for (let entry = 0; entry < count; entry++) {
      const isPut = reader.byte() === PUT
      const key = reader.slice()
      visit(key, isPut ? reader.slice() : undefined)
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
  return { sequence: Number(view.getBigUint64(0, true)), count }
}
