import { partOf } from '../../../protocol/bytes.ts'
import { UnfilledJson, type DataPlace, type TextAroundData } from '../documents/unfilled-json.ts'

/** Bytes after which a chunk of rows goes out. */
export const FULL_CHUNK = 64 * 1024

/** Gathers rows in one buffer, which is handed over as it is and never written to again. */
export class RowBuffer {
  #bytes = Buffer.allocUnsafeSlow(0)
  #length = 0
  #places: DataPlace[] = []

  get length(): number {
    return this.#length
  }

  /**
   * Returns the memory to write up to so many bytes to, from `length` on: for rows of many short pieces. Call
   * {@link advanceTo} with the end of what was written.
   */
  reserve(count: number): Buffer {
    const end = this.#length + count
    if (end > this.#bytes.length) this.#grow(end)
    return this.#bytes
  }

  /** @param length of all that was written, in bytes */
  advanceTo(length: number): void {
    this.#length = length
  }

  /** Appends `source[from, to)`. */
  copy(source: Uint8Array, from: number, to: number): void {
    const end = this.#length + to - from
    if (end > this.#bytes.length) this.#grow(end)
    const bytes = this.#bytes
    if (to - from <= SHORT)
      for (let offset = this.#length; from < to; from++, offset++) bytes[offset] = source[from]!
    else bytes.set(partOf(source, from, to), this.#length)
    this.#length = end
  }

  bytes(source: Uint8Array): void {
    if (source.length <= SHORT) return this.copy(source, 0, source.length)
    const end = this.#length + source.length
    if (end > this.#bytes.length) this.#grow(end)
    this.#bytes.set(source, this.#length)
    this.#length = end
  }

  text(text: string): void {
    const end = this.#length + Buffer.byteLength(text)
    if (end > this.#bytes.length) this.#grow(end)
    this.#length += this.#bytes.write(text, this.#length)
  }

  /** Appends text with places for the data that belongs into it. */
  aroundData(pieces: TextAroundData): void {
    for (const piece of pieces) {
      if (typeof piece === 'string') this.text(piece)
      else this.#places.push({ offset: this.#length, data: piece })
    }
  }

  /** Appends JSON with the places that it has. */
  json(json: UnfilledJson): void {
    for (const { offset, data } of json.places) this.#places.push({ offset: this.#length + offset, data })
    this.bytes(json.bytes)
  }

  /** Takes back the last bytes. */
  drop(count: number): void {
    this.#length -= count
  }

  /**
   * Returns the bytes written so far, in memory of about their size, without places for data. The next rows go to a new
   * buffer.
   */
  take(): Buffer {
    const taken = this.#taken()
    this.#bytes = Buffer.allocUnsafeSlow(0)
    this.#length = 0
    if (this.#places.length > 0) this.#places = []
    return taken
  }

  /** Returns what {@link take} does, with its places for data where there are some. */
  takeUnfilled(): Buffer | UnfilledJson {
    const places = this.#places
    return places.length === 0 ? this.take() : new UnfilledJson(this.take(), places)
  }

  #taken(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    if (this.#length > this.#bytes.length * MOSTLY_FULL) return taken
    const copy = Buffer.allocUnsafeSlow(this.#length)
    copy.set(taken)
    return copy
  }

  #grow(needed: number): void {
    const size = this.#bytes.length >= LONG_BYTES ? FULL_CHUNK + LONG_BYTES : MIN_BYTES
    const larger = Buffer.allocUnsafeSlow(Math.max(needed + 256, this.#bytes.length * 2, size))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}

const MIN_BYTES = 1024

/** Length from which a buffer is mostly a chunk of many. */
const LONG_BYTES = 8 * 1024

/**
 * Share of the buffer from which it is handed over without a copy: what is sent may wait long for its client. A page of
 * `_all_docs`, 500 rows of 105 bytes, is above it.
 */
const MOSTLY_FULL = 0.7

/** Copying so few bytes one by one costs less than the view that `set` needs. */
const SHORT = 64
