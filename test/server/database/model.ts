/** A document as a plain list of its leaves: what a server must hold after the same edits. */
export interface ModelLeaf {
  readonly rev: string
  readonly deleted: boolean
}

/** CouchDB's winner: not deleted first, then the higher generation, then the greater hash. */
export function winnerOf(leaves: readonly ModelLeaf[]): ModelLeaf | undefined {
  return leaves.toSorted(compareLeaves)[0]
}

function compareLeaves(a: ModelLeaf, b: ModelLeaf): number {
  if (a.deleted !== b.deleted) return a.deleted ? 1 : -1
  const [left, right] = [generationOf(a.rev), generationOf(b.rev)]
  if (left !== right) return right - left
  return a.rev < b.rev ? 1 : -1
}

export function generationOf(rev: string): number {
  return Number(rev.slice(0, rev.indexOf('-')))
}

/** The documents of a database, by id. */
export class Model {
  readonly documents = new Map<string, ModelLeaf[]>()

  leavesOf(id: string): readonly ModelLeaf[] {
    return this.documents.get(id) ?? []
  }

  /** Puts a leaf in the place of the revision it was made from. */
  replace(id: string, parent: string | undefined, leaf: ModelLeaf): void {
    const others = this.leavesOf(id).filter(({ rev }) => rev !== parent && rev !== leaf.rev)
    this.documents.set(id, [...others, leaf])
  }
}

/** A generator of numbers below 2^32 that is the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
