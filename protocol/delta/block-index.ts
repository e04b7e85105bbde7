/** Bytes of a block: shorter matches are not worth the numbers that describe them. */
export const BLOCK_BYTES = 24
const FACTOR = 0x9e37_79b1 | 1
/** Most blocks that are noted: of a longer base every second one, or fewer. */
const MAX_BLOCKS = 1 << 16

const LEAVING = power(BLOCK_BYTES - 1)

function power(exponent: number): number {
  let result = 1
  for (let n = 0; n < exponent; n++) result = Math.imul(result, FACTOR)
  return result
}

/** Returns the hash of the block at an offset. */
export function hashAt(bytes: Buffer, from: number): number {
  let hash = 0
  for (let at = from; at < from + BLOCK_BYTES; at++) hash = (Math.imul(hash, FACTOR) + bytes[at]!) | 0
  return hash
}

/** Returns the hash of the block at an offset, given that of the block one byte before. */
export function rollingHash(hash: number, bytes: Buffer, from: number): number {
  const rest = (hash - Math.imul(bytes[from - 1]!, LEAVING)) | 0
  return (Math.imul(rest, FACTOR) + bytes[from + BLOCK_BYTES - 1]!) | 0
}

/** Places of the blocks of a base by their hashes: one for each, the first. */
export class BlockIndex {
  readonly #base: Buffer
  /** Offsets of blocks plus 1; 0 where there is none. */
  readonly #offsets: Int32Array
  readonly #shift: number

  constructor(base: Buffer, begin: number, end: number) {
    this.#base = base
    const step = BLOCK_BYTES * Math.ceil((end - begin) / BLOCK_BYTES / MAX_BLOCKS || 1)
    const bits = Math.max(4, Math.ceil(Math.log2((2 * (end - begin)) / step + 1)))
    this.#offsets = new Int32Array(1 << bits)
    this.#shift = 32 - bits
    for (let at = begin; at + BLOCK_BYTES <= end; at += step) {
      const slot = this.#slot(hashAt(base, at))
      if (this.#offsets[slot] === 0) this.#offsets[slot] = at + 1
    }
  }

  /**
   * Returns where the base has the block of a text at an offset; -1 where no such place is known.
   *
   * @param likely a place that is tried first
   */
  find(text: Buffer, at: number, hash: number, likely: number): number {
    if (this.#has(text, at, likely)) return likely
    const known = this.#offsets[this.#slot(hash)]! - 1
    return known >= 0 && this.#has(text, at, known) ? known : -1
  }

  #has(text: Buffer, at: number, offset: number): boolean {
    if (offset < 0 || offset + BLOCK_BYTES > this.#base.length) return false
    for (let n = 0; n < BLOCK_BYTES; n++) if (this.#base[offset + n] !== text[at + n]) return false
    return true
  }

  #slot(hash: number): number {
    return Math.imul(hash ^ (hash >>> 15), 0x85eb_ca6b) >>> this.#shift
  }
}
