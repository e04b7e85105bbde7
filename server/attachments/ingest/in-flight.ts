/** Bytes that are with the workers, of all attachments together: more of them wait for one another. */
const MAX_BYTES = 64 * 1024 * 1024

/** Counts the bytes that workers have in hand, so that they stay bounded. */
export class InFlight {
  #free = MAX_BYTES
  readonly #waiting: { readonly bytes: number; readonly resolve: () => void }[] = []

  /** Returns when there is room for so many bytes more, in the order of those who ask. */
  take(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && bytes <= this.#free) {
      this.#free -= bytes
      return Promise.resolve()
    }
    return new Promise(resolve => this.#waiting.push({ bytes, resolve }))
  }

  give(bytes: number): void {
    this.#free += bytes
    for (
      let next = this.#waiting[0];
      next !== undefined && next.bytes <= this.#free;
      next = this.#waiting[0]
    ) {
      this.#waiting.shift()
      this.#free -= next.bytes
      next.resolve()
    }
  }
}
