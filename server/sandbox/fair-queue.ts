/** Milliseconds after which half of the time that an owner took is forgotten. */
const HALF_LIFE_MS = 10_000

/** Owners that took less take turns. */
const NEXT_TO_NOTHING_MS = 50

/** Owners whose time is remembered, before those that took next to none are forgotten. */
const MANY_OWNERS = 1000

/**
 * A queue that serves first the owner that took the least time lately, and those that took the same in turn; each owner in the order
 * in which its items came. So many owners of slow work, each with a turn of its own, do not hold up one with little.
 */
export class FairQueue<Item> {
  readonly #owners = new Map<string, Item[]>()
  readonly #now: () => number
  readonly #taken = new Map<string, { readonly ms: number; readonly at: number }>()
  #length = 0

  /** @param now a clock in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  get length(): number {
    return this.#length
  }

  /** The items of one owner that wait. */
  lengthOf(owner: string): number {
    return this.#owners.get(owner)?.length ?? 0
  }

  push(owner: string, item: Item): void {
    const items = this.#owners.get(owner)
    if (items === undefined) this.#owners.set(owner, [item])
    else items.push(item)
    this.#length++
  }

  /** Takes the next item of the owner that took the least time, and was not served for longest, of those that may be served. */
  take(mayServe: (owner: string) => boolean = () => true): Item | undefined {
    let next: string | undefined
    let least = Infinity
    for (const owner of this.#owners.keys()) {
      const taken = this.#takenBy(owner)
      if (taken >= least || !mayServe(owner)) continue
      next = owner
      least = taken
    }
    const items = next === undefined ? undefined : this.#owners.get(next)
    if (next === undefined || items === undefined) return undefined
    const item = items.shift()
    this.#owners.delete(next)
    // Behind all others.
    if (items.length > 0) this.#owners.set(next, items)
    this.#length--
    return item
  }

  /** Notes the time that an item of an owner took, in milliseconds. */
  charge(owner: string, ms: number): void {
    this.#taken.set(owner, { ms: this.#takenBy(owner) + ms, at: this.#now() })
    if (this.#taken.size <= MANY_OWNERS) return
    for (const known of this.#taken.keys()) if (this.#takenBy(known) === 0) this.#taken.delete(known)
  }

  #takenBy(owner: string): number {
    const taken = this.#taken.get(owner)
    if (taken === undefined) return 0
    const left = taken.ms * 0.5 ** ((this.#now() - taken.at) / HALF_LIFE_MS)
    // What is next to nothing does not decide whose turn it is.
    return left < NEXT_TO_NOTHING_MS ? 0 : left
  }

  /** Empties the queue. */
  drain(): Item[] {
    const all = [...this.#owners.values()].flat()
    this.#owners.clear()
    this.#length = 0
    return all
  }
}
