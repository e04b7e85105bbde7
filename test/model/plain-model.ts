/** A leaf of a document: its revision, the ones before it, and its body. */
export interface Leaf {
  readonly rev: string
  /** Newest first, without the leaf itself. */
  readonly ancestors: readonly string[]
  readonly deleted: boolean
  readonly value: number
}

/** A database as CouchDB describes it, with nothing but maps and arrays. */
export class PlainModel {
  /** Leaves by id, in the order in which the documents changed last. */
  readonly #documents = new Map<string, readonly Leaf[]>()

  get ids(): readonly string[] {
    return [...this.#documents.keys()]
  }

  /** Leaves of a document, the winner first; none for one that is not there. */
  leaves(id: string): readonly Leaf[] {
    return [...(this.#documents.get(id) ?? [])].sort(winnerFirst)
  }

  winner(id: string): Leaf | undefined {
    return this.leaves(id)[0]
  }

  get live(): readonly (readonly [string, Leaf])[] {
    return this.ids.flatMap(id => {
      const winner = this.winner(id)
      return winner === undefined || winner.deleted ? [] : [[id, winner] as const]
    })
  }

  /** Puts a leaf in the place of the leaf that it follows, or beside the others. */
  add(id: string, leaf: Leaf): void {
    const others = this.leaves(id).filter(({ rev }) => !leaf.ancestors.includes(rev))
    this.#change(id, [...others, leaf])
  }

  /** Takes leaves away; a document without one is gone. */
  purge(id: string, revs: readonly string[]): void {
    this.#change(
      id,
      this.leaves(id).filter(({ rev }) => !revs.includes(rev)),
    )
  }

  #change(id: string, leaves: readonly Leaf[]): void {
    this.#documents.delete(id)
    if (leaves.length > 0) this.#documents.set(id, leaves)
  }
}

export function generationOf(rev: string): number {
  return parseInt(rev, 10)
}

/** CouchDB's rule: leaves that live come first, then longer histories, then greater revision ids. */
function winnerFirst(a: Leaf, b: Leaf): number {
  if (a.deleted !== b.deleted) return a.deleted ? 1 : -1
  const generations = generationOf(b.rev) - generationOf(a.rev)
  return generations === 0 ? (a.rev < b.rev ? 1 : -1) : generations
}
