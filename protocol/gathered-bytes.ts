/** Pieces below this are copied together: each takes some hundred bytes of memory, however short it is. */
const SMALL_BYTES = 1024
const BLOCK_BYTES = 16 * 1024

/** Bytes of a body as they come; a sender may cut them as small as it likes. */
export class GatheredBytes {
  #pieces: Buffer[] = []
  /** Memory for small pieces, and how much of it is filled. */
  #block = Buffer.alloc(0)
  #filled = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(piece: Buffer): void {
    this.#length += piece.length
    // Most bodies are a piece or two, which need no copy.
    if (piece.length >= SMALL_BYTES || this.#pieces.length < 8) {
      this.#closeBlock()
      this.#pieces.push(piece)
      return
    }
    if (this.#filled + piece.length > this.#block.length) {
      this.#closeBlock()
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES)
    }
    this.#block.set(piece, this.#filled)
    this.#filled += piece.length
  }

  /** Returns all bytes. Nothing is to be pushed afterwards. */
  take(): Buffer {
    this.#closeBlock()
    const [first] = this.#pieces
    const whole = this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces, this.#length)
    this.#pieces = []
    return whole
  }

  #closeBlock(): void {
    if (this.#filled > 0) this.#pieces.push(this.#block.subarray(0, this.#filled))
    this.#block = this.#block.subarray(this.#filled)
    this.#filled = 0
  }
}
