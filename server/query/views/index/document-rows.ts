/** The keys of a document's rows, stored under its id so that they can be removed when it changes. */
export interface RowPlace {
  readonly view: number
  readonly rowKey: Uint8Array
}

const HEAD = 6

/** Stands in the place of a view's number before the size of all rows. */
const SIZE = 0xffff

/** For each row: view (2 bytes), length of the row key (4), the row key; then ffff and the size of all rows (4 bytes). */
export function encodeRowPlaces(places: readonly RowPlace[], size: number): Buffer {
  const record = Buffer.allocUnsafe(places.reduce((sum, { rowKey }) => sum + HEAD + rowKey.length, HEAD))
  let offset = 0
  for (const { view, rowKey } of places) {
    record.writeUInt16BE(view, offset)
    record.writeUInt32BE(rowKey.length, offset + 2)
    record.set(rowKey, offset + HEAD)
    offset += HEAD + rowKey.length
  }
  record.writeUInt16BE(SIZE, offset)
  record.writeUInt32BE(Math.min(size, 0xffffffff), offset + 2)
  return record
}

/** The bytes of a document's rows, undefined in records of earlier versions. */
export function sizeOfRows(bytes: Uint8Array): number | undefined {
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let offset = 0; offset < record.length; offset += HEAD + record.readUInt32BE(offset + 2)) {
    if (record.readUInt16BE(offset) === SIZE) return record.readUInt32BE(offset + 2)
  }
  return undefined
}

export function decodeRowPlaces(bytes: Uint8Array): RowPlace[] {
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const places: RowPlace[] = []
  for (let offset = 0; offset < record.length && record.readUInt16BE(offset) !== SIZE;) {
    const end = offset + HEAD + record.readUInt32BE(offset + 2)
    places.push({ view: record.readUInt16BE(offset), rowKey: record.subarray(offset + HEAD, end) })
    offset = end
  }
  return places
}
