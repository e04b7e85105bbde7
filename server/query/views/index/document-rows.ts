import { bufferOf } from '../../../../protocol/bytes.ts'

/** The keys of a document's rows, stored under its id so that they can be removed when it changes. */
export interface RowPlace {
  readonly view: number
  readonly rowKey: Uint8Array
}

const HEAD = 6

/** Stands in the place of a view's number before the size of all rows. */
const SIZE = 0xffff

const FIRST_BYTES = 1024

/**
 * Encodes the keys of a document's rows. For each row: view (2 bytes), length of the row key (4), the row key; then ffff
 * and the size of all rows (4 bytes). There may be hundreds of thousands: no object is made for one.
 */
export class RowPlacesWriter {
  #record: Buffer = Buffer.allocUnsafe(FIRST_BYTES)
  #length = 0

  /** Adds a row whose key is a part of some bytes. */
  add(view: number, bytes: Uint8Array, from: number, to: number): void {
    const length = to - from
    this.#reserve(HEAD + length)
    this.#writeHead(view, length)
    this.#record.set(bytes.subarray(from, to), this.#length)
    this.#length += length
  }

  /**
   * Returns the record, and begins the next one.
   *
   * @param size bytes of all rows
   */
  take(size: number): Buffer {
    this.#reserve(HEAD)
    this.#writeHead(SIZE, Math.min(size, 0xffffffff))
    const record = Buffer.from(this.#record.subarray(0, this.#length))
    this.#length = 0
    return record
  }

  #writeHead(view: number, number: number): void {
    this.#record.writeUInt16BE(view, this.#length)
    this.#record.writeUInt32BE(number, this.#length + 2)
    this.#length += HEAD
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#record.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#record.length))
    larger.set(this.#record.subarray(0, this.#length))
    this.#record = larger
  }
}

/** The bytes of a document's rows, undefined in records of earlier versions. */
export function sizeOfRows(bytes: Uint8Array): number | undefined {
  const record = bufferOf(bytes)
  for (let offset = 0; offset < record.length; offset += HEAD + record.readUInt32BE(offset + 2)) {
    if (record.readUInt16BE(offset) === SIZE) return record.readUInt32BE(offset + 2)
  }
  return undefined
}

export function decodeRowPlaces(bytes: Uint8Array): RowPlace[] {
  const record = bufferOf(bytes)
  const places: RowPlace[] = []
  for (let offset = 0; offset < record.length && record.readUInt16BE(offset) !== SIZE;) {
    const end = offset + HEAD + record.readUInt32BE(offset + 2)
    places.push({ view: record.readUInt16BE(offset), rowKey: record.subarray(offset + HEAD, end) })
    offset = end
  }
  return places
}
