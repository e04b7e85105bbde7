const FEW = 32

/**
 * Notices objects that may hold a member twice. It keeps hashes only and can cry wolf; it never misses one.
 * Objects nest, so the hashes of the outer ones lie below those of the inner ones.
 */
export class KeySet {
  /** True if two members of one object had the same hash. */
  suspicious = false
  readonly #hashes: number[] = []
  #count = 0
  /** The members of large objects, by where the object's hashes begin. */
  readonly #large = new Map<number, Set<number>>()

  /** Begins an object; the result names it in `add` and `leave`. */
  enter(): number {
    return this.#count
  }

  add(base: number, hash: number): void {
    const hashes = this.#hashes
    const count = this.#count
    if (count - base >= FEW) return this.#addToLarge(base, hash)
    for (let i = base; i < count; i++) if (hashes[i] === hash) this.suspicious = true
    hashes[count] = hash
    this.#count = count + 1
  }

  leave(base: number): void {
    if (this.#count - base >= FEW) this.#large.delete(base)
    this.#count = base
  }

  #addToLarge(base: number, hash: number): void {
    let seen = this.#large.get(base)
    if (seen === undefined) this.#large.set(base, (seen = new Set(this.#hashes.slice(base, this.#count))))
    if (seen.has(hash)) this.suspicious = true
    seen.add(hash)
  }
}
