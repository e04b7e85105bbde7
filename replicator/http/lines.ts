const NEWLINE = 0x0a

/** Cuts chunks into the texts between newlines; what follows the last newline waits for the rest of its line. */
export class LineSplitter {
  #rest: Uint8Array[] = []
  #held = 0

  /** Bytes of a line that is not complete. */
  get held(): number {
    return this.#held
  }

  /** The lines that the chunk completes, as one text; empty when it completes none. */
  push(chunk: Buffer): string {
    const end = chunk.lastIndexOf(NEWLINE) + 1
    if (end === 0) {
      this.#rest.push(chunk)
      this.#held += chunk.length
      return ''
    }
    const lines = Buffer.concat([...this.#rest, chunk.subarray(0, end)]).toString()
    this.#rest = end === chunk.length ? [] : [chunk.subarray(end)]
    this.#held = chunk.length - end
    return lines
  }
}
