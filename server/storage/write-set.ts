/** Puts and deletions in their order, to be written in one batch. */
export class WriteSet {
  readonly #entries: (Uint8Array | undefined)[] = []

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#entries.push(key, value)
  }

  delete(key: Uint8Array): void {
    this.#entries.push(key, undefined)
  }

  /** Calls back for each entry, with no value for a deletion. */
  forEach(visit: (key: Uint8Array, value: Uint8Array | undefined) => void): void {
    for (let at = 0; at < this.#entries.length; at += 2) {
      visit(this.#entries[at] as Uint8Array, this.#entries[at + 1])
    }
  }
}
