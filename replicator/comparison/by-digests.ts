import type { DigestedRange, IdRange, ListedDocument, Peer } from '../peer.ts'
import { type ComparedPairs, countsOf, inLists, joined, type Sides } from './sides.ts'

/** Bounds of a comparison by digests. */
export interface DigestLimits {
  /** Parts into which a range is cut. */
  readonly parts: number
  /** Documents of a range that is listed instead of being cut. */
  readonly listed: number
  /** Documents of a list of pairs. */
  readonly batchSize: number
}

/** A range, with its digest on either side. */
interface ComparedRange {
  readonly source: DigestedRange
  readonly target: DigestedRange
}

/** The peers have to have digests: one that has not any more fails. */
export class NoDigestsError extends Error {}

/**
 * Compares databases of two Couchettes: ranges with equal digests are passed over, others are cut until they are small enough
 * to be listed. Goes through the ids in their order.
 */
export class DigestComparison {
  readonly #sides: Sides
  readonly #limits: DigestLimits
  readonly #signal: AbortSignal

  constructor(sides: Sides, limits: DigestLimits, signal: AbortSignal) {
    this.#sides = sides
    this.#limits = limits
    this.#signal = signal
  }

  /**
   * Returns the digests of both sides of a range; undefined where one has none.
   *
   * @throws PeerError
   */
  async begin(range: IdRange): Promise<ComparedRange | undefined> {
    const { source, target } = this.#sides
    const [here, there] = await Promise.all([this.#digestOf(source, range), this.#digestOf(target, range)])
    return here && there && { source: here, target: there }
  }

  /** Yields pairs of documents that may differ, and passes over ranges that do not. */
  async *differing(range: ComparedRange): AsyncGenerator<ComparedPairs, void, undefined> {
    const { source, target } = range
    this.#signal.throwIfAborted()
    if (source.digest === target.digest && source.documents === target.documents) {
      yield {
        pairs: [],
        counts: { source: source.documents, target: target.documents },
        next: source.end,
      }
      return
    }
    if (Math.max(source.documents, target.documents) > this.#limits.listed) {
      const parts = await this.#split(range)
      if (parts.length > 1) {
        for (const part of parts) yield* this.differing(part)
        return
      }
    }
    yield* this.listed(source)
  }

  /** Yields all pairs of a range. */
  async *listed(range: IdRange): AsyncGenerator<ComparedPairs, void, undefined> {
    const { source, target } = this.#sides
    const pairs = joined(this.#list(source, range), this.#list(target, range))
    for await (const list of inLists(pairs, this.#limits.batchSize))
      yield { pairs: list, counts: countsOf(list), next: after(list.at(-1)!.id) }
  }

  async #digestOf(peer: Peer, range: IdRange): Promise<DigestedRange | undefined> {
    const found = await peer.digests?.({ ranges: [range] }, this.#signal)
    return found?.[0]
  }

  /** The side that has more documents is cut: the other may have none there. */
  async #split({ source, target }: ComparedRange): Promise<ComparedRange[]> {
    const isSource = source.documents >= target.documents
    const [one, other] = isSource
      ? [this.#sides.source, this.#sides.target]
      : [this.#sides.target, this.#sides.source]
    const split = { start: source.start, end: source.end }
    const parts = await one.digests?.({ split, parts: this.#limits.parts }, this.#signal)
    if (parts === undefined) throw new NoDigestsError('a peer has no digests any more')
    if (parts.length <= 1) return []
    const ranges = parts.map(({ start, end }) => ({ start, end }))
    const same = await other.digests?.({ ranges }, this.#signal)
    if (same?.length !== parts.length) throw new NoDigestsError('a peer has no digests any more')
    return parts.map((part, index) =>
      isSource ? { source: part, target: same[index]! } : { source: same[index]!, target: part },
    )
  }

  async *#list(peer: Peer, { start, end }: IdRange): AsyncGenerator<ListedDocument, void, undefined> {
    const limit = this.#limits.batchSize
    let from = start
    for (;;) {
      this.#signal.throwIfAborted()
      const page = await peer.listLeaves!({ start: from, end }, limit, this.#signal)
      yield* page
      if (page.length < limit) return
      from = after(page.at(-1)!.id)
    }
  }
}

/** Returns the id that follows one. */
function after(id: string): string {
  return `${id}\0`
}
