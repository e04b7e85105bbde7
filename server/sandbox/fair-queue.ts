/** A queue that serves owners in turn, each in the order in which its items came. */
export class FairQueue<Item> {
  readonly #owners = new Map<string, Item[]>()
  #length = 0

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

  /** Takes the next item of the owner that was not served for longest, of those that may be served. */
  take(mayServe: (owner: string) => boolean = () => true): Item | undefined {
    for (const [owner, items] of this.#owners) {
      if (!mayServe(owner)) continue
      const item = items.shift()
      this.#owners.delete(owner)
      // Behind all others.
      if (items.length > 0) this.#owners.set(owner, items)
      this.#length--
      return item
    }
    return undefined
  }

  /** Empties the queue. */
  drain(): Item[] {
    const all = [...this.#owners.values()].flat()
    this.#owners.clear()
    this.#length = 0
    return all
  }
}
