/** Positions of one step that share a page of bits. */
const PAGE_BITS = 16_384

/** The states, step and position, that a match has been in. Pages of bits are made where they are written to. */
export class FailedStates {
  readonly #pages = new Map<number, Uint8Array<ArrayBuffer>>()
  readonly #pagesOfStep: number
  readonly #pageBytes: number
  #lastPlace = -1
  #last = new Uint8Array(0)

  /** @param positions in the text */
  constructor(positions: number) {
    this.#pagesOfStep = Math.ceil(positions / PAGE_BITS)
    this.#pageBytes = Math.ceil(Math.min(positions, PAGE_BITS) / 8)
  }

  /** Returns whether the state was there before, and adds it. */
  isRepeated(step: number, position: number): boolean {
    const offset = step * this.#pagesOfStep + Math.floor(position / PAGE_BITS)
    if (offset !== this.#lastPlace) this.#open(offset)
    const page = this.#last
    const bit = position % PAGE_BITS
    const mask = 1 << (bit & 7)
    const before = page[bit >> 3] as number
    page[bit >> 3] = before | mask
    return (before & mask) !== 0
  }

  #open(offset: number): void {
    this.#last = this.#pages.get(offset) ?? new Uint8Array(this.#pageBytes)
    this.#pages.set(offset, this.#last)
    this.#lastPlace = offset
  }
}
