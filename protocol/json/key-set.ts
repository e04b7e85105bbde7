const FEW = 32

/**
 * Notices objects that may hold a member twice. It keeps hashes only and can cry wolf; it never misses one.
 * Objects nest, so the hashes of the outer ones lie below those of the inner ones.
 */
export class KeySet {
  /** True if two members of one object had the same hashes. */
  suspicious = false
  readonly #hashes: number[] = []
  #count = 0
  /** The members of large objects, by where the object's hashes begin. */
  readonly #large = new Map<number, LargeObject>()

  /** Begins an object; the result names it in `add` and `leave`. */
  enter(): number {
    return this.#count
  }

  /** Returns whether an object has so many members that `addToLarge` is to be called, with a second hash. */
  isLarge(base: number): boolean {
    return this.#count - base >= FEW
  }

  add(base: number, hash: number): void {
    const hashes = this.#hashes
    const count = this.#count
    for (let i = base; i < count; i++) if (hashes[i] === hash) this.suspicious = true
    hashes[count] = hash
    this.#count = count + 1
  }

  addToLarge(base: number, hash: number, second: number): void {
    let large = this.#large.get(base)
    if (large === undefined) {
      large = { first: new Set(this.#hashes.slice(base, this.#count)), others: new HashTables() }
      this.#large.set(base, large)
    }
    if (large.first.has(hash) || large.others.add(hash, second)) this.suspicious = true
  }

  leave(base: number): void {
    if (this.#count - base >= FEW) this.#large.delete(base)
    this.#count = base
  }
}

interface LargeObject {
  /** Hashes of the first members. */
  readonly first: ReadonlySet<number>
  readonly others: HashTables
}

const FIRST_BITS = 4

const TABLES = 16

/** A set of any number of pairs. Its parts grow one at a time: growing all of a million takes long. */
class HashTables {
  readonly #tables = Array.from({ length: TABLES }, () => new HashTable())

  /** Adds a pair; returns whether it was there. */
  add(first: number, second: number): boolean {
    return this.#tables[(second >>> 16) % TABLES]!.add(first, second)
  }
}

/**
 * A set of pairs of 32-bit hashes, in open addressing: a `Set` of a million members takes a tenth of a second each time
 * that it grows.
 */
class HashTable {
  #bits = FIRST_BITS
  #slots = new Int32Array(2 << FIRST_BITS)
  #count = 0

  /** Adds a pair; returns whether it was there. */
  add(first: number, second: number): boolean {
    if (this.#count * 4 >= this.#slots.length) this.#grow()
    // A pair of zeros is a free slot.
    const place = this.#placeOf(first, second | 1)
    if (this.#slots[place] !== 0 || this.#slots[place + 1] !== 0) return true
    this.#slots[place] = first
    this.#slots[place + 1] = second | 1
    this.#count++
    return false
  }

  #placeOf(first: number, second: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    // The low bits of such hashes depend on the low bits of their text alone.
    let at = ((first ^ second) >>> (32 - this.#bits)) << 1
    while ((slots[at] !== 0 || slots[at + 1] !== 0) && (slots[at] !== first || slots[at + 1] !== second))
      at = (at + 2) & mask
    return at
  }

  #grow(): void {
    const old = this.#slots
    this.#bits++
    this.#slots = new Int32Array(2 * old.length)
    for (let at = 0; at < old.length; at += 2) {
      const [first, second] = [old[at]!, old[at + 1]!]
      if (first === 0 && second === 0) continue
      const place = this.#placeOf(first, second)
      this.#slots[place] = first
      this.#slots[place + 1] = second
    }
  }
}
