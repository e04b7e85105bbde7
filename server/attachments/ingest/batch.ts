import { isWhole } from './memory.ts'

const GATHER_BYTES = 64 * 1024

/** Bytes gathered for a worker in pieces that are each all of their memory. */
export class GatheredPieces {
  #pieces: Uint8Array[] = []
  #bytes = 0
  #last: Buffer | undefined
  #filled = 0

  /** Number of collected bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** @param transferable whether the bytes may go as they are, without a copy */
  add(bytes: Uint8Array, transferable: boolean): void {
    this.#bytes += bytes.length
    if (!transferable || !isWhole(bytes)) {
      this.#copy(bytes)
      return
    }
    this.#endLast()
    this.#pieces.push(bytes)
  }

  /** Returns the collected bytes and empties the batch. */
  take(): Uint8Array[] {
    this.#endLast()
    const pieces = this.#pieces
    this.#pieces = []
    this.#bytes = 0
    return pieces
  }

  #copy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const last = (this.#last ??= Buffer.allocUnsafeSlow(GATHER_BYTES))
      const length = Math.min(bytes.length - at, GATHER_BYTES - this.#filled)
      last.set(bytes.subarray(at, at + length), this.#filled)
      this.#filled += length
      at += length
      if (this.#filled === GATHER_BYTES) this.#endLast()
    }
  }

  #endLast(): void {
    if (this.#last !== undefined) this.#pieces.push(this.#last.subarray(0, this.#filled))
    this.#last = undefined
    this.#filled = 0
  }
}
