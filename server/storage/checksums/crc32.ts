import { crc32 } from 'node:zlib'
import { crcOf, crcTables } from '../crc.ts'

/** Bytes up to which a call out of JavaScript takes longer than the sum itself. */
const SMALL_BYTES = 160

const TABLES = crcTables(0xedb88320)

/**
 * Returns the CRC-32 of the first bytes of some memory, as `node:zlib` computes it.
 *
 * @param seed sum of what comes before them
 */
export function crc32Of(bytes: Uint8Array, length: number, seed: number): number {
  if (length <= SMALL_BYTES) return crcOf(TABLES, bytes, 0, length, seed)
  return crc32(length === bytes.length ? bytes : bytes.subarray(0, length), seed)
}
