/** Reads LevelDB's encodings one after the other. */
export class ByteReader {
  readonly #bytes: Uint8Array
  #offset: number

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes
    this.#offset = offset
  }

  get atEnd(): boolean {
    return this.#offset >= this.#bytes.length
  }

  byte(): number {
    const byte = this.#bytes[this.#offset++]
    if (byte === undefined) throw new RangeError('the record ends too early')
    return byte
  }

  /** A number of seven bits a byte, the lowest first; exact up to 2^53. */
  varint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte()
      value += (byte & 0x7f) * factor
      if (byte < 128) return value
    }
  }

  /** A number of so many bytes, the lowest first. */
  little(count: number): number {
    let value = 0
    for (let index = 0; index < count; index++) value += this.byte() * 256 ** index
    return value
  }

  /** Bytes behind their length. */
  slice(): Uint8Array {
    return this.take(this.varint())
  }

  /** The next bytes. */
  take(length: number): Uint8Array {
    const start = this.#offset
    this.#offset += length
    if (this.#offset > this.#bytes.length) throw new RangeError('the record ends too early')
    return this.#bytes.subarray(start, this.#offset)
  }
}
