/** The keys of a document's rows, stored under its id so that they can be removed when it changes. */
export interface RowPlace {
  readonly view: number
  readonly rowKey: Uint8Array
}

const HEAD = 6

/** For each row: view (2 bytes), length of the row key (4), the row key. */
export function encodeRowPlaces(places: readonly RowPlace[]): Buffer {
  const record = Buffer.allocUnsafe(places.reduce((sum, { rowKey }) => sum + HEAD + rowKey.length, 0))
  let at = 0
  for (const { view, rowKey } of places) {
    record.writeUInt16BE(view, at)
    record.writeUInt32BE(rowKey.length, at + 2)
    record.set(rowKey, at + HEAD)
    at += HEAD + rowKey.length
  }
  return record
}

export function decodeRowPlaces(bytes: Uint8Array): RowPlace[] {
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const places: RowPlace[] = []
  for (let at = 0; at < record.length;) {
    const end = at + HEAD + record.readUInt32BE(at + 2)
    places.push({ view: record.readUInt16BE(at), rowKey: record.subarray(at + HEAD, end) })
    at = end
  }
  return places
}
