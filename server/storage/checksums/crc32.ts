import { crc32 } from 'node:zlib'
import { crcTables } from '../crc-tables.ts'

/** Bytes up to which a call out of JavaScript takes longer than the sum itself. */
const SMALL_BYTES = 160

const TABLES = crcTables(0xedb88320, 4)

/**
 * Returns the CRC-32 of the first bytes of some memory, as `node:zlib` computes it.
 *
 * @param seed sum of what comes before them
 */
export function crc32Of(bytes: Uint8Array, length: number, seed: number): number {
  if (length > SMALL_BYTES) return crc32(length === bytes.length ? bytes : bytes.subarray(0, length), seed)
  let sum = ~seed
  let at = 0
  for (; at + 4 <= length; at += 4) {
    sum ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    sum =
      TABLES[768 + (sum & 255)]! ^
      TABLES[512 + ((sum >>> 8) & 255)]! ^
      TABLES[256 + ((sum >>> 16) & 255)]! ^
      TABLES[sum >>> 24]!
  }
  for (; at < length; at++) sum = (sum >>> 8) ^ TABLES[(sum ^ bytes[at]!) & 255]!
  return ~sum >>> 0
}
