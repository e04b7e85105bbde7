import { crcOf, crcTables } from '../crc.ts'

/** CRC-32C (Castagnoli, reflected), the checksum of LevelDB's log and table files. */
const TABLES = crcTables(0x82f63b78)

/** The checksum of the bytes from `start` up to, not including, `end`: an unsigned 32-bit integer. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  return crcOf(TABLES, bytes, start, end, 0)
}

/** The form in which LevelDB stores a checksum: rotated and offset, as checksums of checksums are weak. */
export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
