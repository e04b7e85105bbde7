/** The stored value of a view's row: the length of the key's JSON in four bytes, the key's JSON, the value's JSON. */
export function encodeRowValue(key: string, value: string): Buffer {
  const keyLength = Buffer.byteLength(key)
  const record = Buffer.allocUnsafe(4 + keyLength + Buffer.byteLength(value))
  record.writeUInt32BE(keyLength, 0)
  record.write(key, 4)
  record.write(value, 4 + keyLength)
  return record
}

/** The two JSON texts of a row, as views of the record. */
export function decodeRowValue(record: Uint8Array): { key: Uint8Array; value: Uint8Array } {
  const end = 4 + new DataView(record.buffer, record.byteOffset, 4).getUint32(0)
  return { key: record.subarray(4, end), value: record.subarray(end) }
}
