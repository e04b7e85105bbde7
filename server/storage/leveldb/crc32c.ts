import { crcTables } from '../crc-tables.ts'

/** CRC-32C (Castagnoli, reflected), the checksum of LevelDB's log and table files. */

const POLYNOMIAL = 0x82f63b78
const SLICES = 8

/** Eight tables of 256 entries, one behind the other, so that eight bytes are taken in at a time. */
const TABLES = crcTables(POLYNOMIAL, SLICES)

/** The checksum of the bytes from `start` up to, not including, `end`: an unsigned 32-bit integer. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1
  let offset = start
  for (; offset + SLICES <= end; offset += SLICES) {
    crc =
      entry(7, (crc ^ bytes[offset]!) & 0xff) ^
      entry(6, ((crc >>> 8) ^ bytes[offset + 1]!) & 0xff) ^
      entry(5, ((crc >>> 16) ^ bytes[offset + 2]!) & 0xff) ^
      entry(4, (crc >>> 24) ^ bytes[offset + 3]!) ^
      entry(3, bytes[offset + 4]!) ^
      entry(2, bytes[offset + 5]!) ^
      entry(1, bytes[offset + 6]!) ^
      entry(0, bytes[offset + 7]!)
  }
  for (; offset < end; offset++) crc = (crc >>> 8) ^ entry(0, (crc ^ bytes[offset]!) & 0xff)
  return ~crc >>> 0
}

/** The form in which LevelDB stores a checksum: rotated and offset, as checksums of checksums are weak. */
export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

function entry(table: number, byte: number): number {
  return TABLES[table * 256 + byte]!
}
