const MIN_CAPACITY = 64 * 1024

/**
 * Bytes that arrive in chunks and are looked at before they are complete. Views of it stay valid: what has been
 * received is never moved or written over, only copied to a larger buffer when there is no room behind it.
 */
export class GrowingBuffer {
  #buffer: Buffer = Buffer.alloc(0)
  #start = 0
  #end = 0

  /** The bytes that have not been dropped. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end)
  }

  append(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#buffer.length) this.#grow(chunk.length)
    this.#buffer.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** Forgets the first `length` bytes. */
  drop(length: number): void {
    this.#start += length
  }

  #grow(room: number): void {
    const kept = this.bytes
    const larger = Buffer.allocUnsafeSlow(Math.max(MIN_CAPACITY, 2 * (kept.length + room)))
    larger.set(kept)
    this.#buffer = larger
    this.#start = 0
    this.#end = kept.length
  }
}
