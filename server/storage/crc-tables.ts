/**
 * Returns the tables of a reflected CRC of 32 bits, one behind the other, so that several bytes are taken in at a time:
 * the n-th has for each byte the checksum of that byte and n zeros behind it.
 */
export function crcTables(polynomial: number, tables: number): Int32Array {
  const entries = new Int32Array(tables * 256)
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
