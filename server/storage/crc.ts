/** Bytes that are taken in at a time. */
const SLICES = 8

/**
 * Returns the tables of a reflected CRC of 32 bits, one behind the other: the n-th has for each byte the checksum of that
 * byte and n zeros behind it.
 */
export function crcTables(polynomial: number): Int32Array {
  const entries = new Int32Array(SLICES * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    entries[byte] = crc
  }
  for (let index = 256; index < entries.length; index++) {
    const before = entries[index - 256]!
    entries[index] = (before >>> 8) ^ entries[before & 0xff]!
  }
  return entries
}

/**
 * Returns the CRC of some bytes, an unsigned integer.
 *
 * @param tables of the polynomial, see {@link crcTables}
 * @param seed CRC of what comes before them, 0 for nothing
 */
export function crcOf(
  tables: Int32Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  seed: number,
): number {
  let sum = ~seed
  let at = start
  for (; at + SLICES <= end; at += SLICES) {
    sum =
      tables[1792 + ((sum ^ bytes[at]!) & 255)]! ^
      tables[1536 + (((sum >>> 8) ^ bytes[at + 1]!) & 255)]! ^
      tables[1280 + (((sum >>> 16) ^ bytes[at + 2]!) & 255)]! ^
      tables[1024 + ((sum >>> 24) ^ bytes[at + 3]!)]! ^
      tables[768 + bytes[at + 4]!]! ^
      tables[512 + bytes[at + 5]!]! ^
      tables[256 + bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!
  }
  for (; at < end; at++) sum = (sum >>> 8) ^ tables[(sum ^ bytes[at]!) & 255]!
  return ~sum >>> 0
}
