import { addDigests, NO_DOCUMENTS, subtractDigest, type Digest } from '../../../protocol/document-digest.ts'
import { type RangeDigest, scanDigest } from './digest-scan.ts'
import { findRange, type LeafEntry, type RankCounts, type RankRoot, totalOf } from './rank-nodes.ts'
import type { RankTree } from './rank-tree.ts'
import type { RankChange } from './ranked-space.ts'
import { type Moment, mergedChanges } from './ranks-at-moment.ts'

/** A range of texts of documents (`RankedSpace.textOf`): from one, up to, not including, another. */
export interface TextRange {
  /** Empty for the beginning. */
  readonly start: string
  readonly end: string | undefined
}

/** Digests of ranges of documents at one moment. */
export class DigestsAtMoment {
  readonly #tree: RankTree
  readonly #root: RankRoot | undefined
  readonly #moment: Moment
  /** Changes to be counted besides the tree, in the order of texts. */
  readonly #behind: readonly RankChange[]
  readonly #signal: AbortSignal
  /** Numbers of leaves with blocks that were read, as their digests are not known. */
  readonly scannedLeaves = new Set<number>()

  /** @param root undefined where there is no tree: all documents are read */
  constructor(tree: RankTree, root: RankRoot | undefined, moment: Moment, signal: AbortSignal) {
    this.#tree = tree
    this.#root = root
    this.#moment = moment
    this.#signal = signal
    const { seq } = moment.snapshot.state
    const from = root?.seq ?? Infinity
    this.#behind = mergedChanges(
      tree,
      moment.pending.filter(commit => commit.seq > from && commit.seq <= seq),
      true,
    )
  }

  /** Returns the digest of a range. */
  async of(range: TextRange): Promise<RangeDigest> {
    const root = this.#root
    if (root === undefined) return this.#scan(range)
    if (range.start === '' && range.end === undefined) {
      const all = this.#known({ ...totalOf(root.leaves), digest: root.digest, start: '' }, range)
      if (all !== undefined) return all
    }
    let sum: RangeDigest = { documents: 0, digest: NO_DOCUMENTS }
    for (const { part: leaf, piece } of overlapping(root.leaves, range, undefined)) {
      const known = contains(range, piece) ? this.#known(leaf, piece) : undefined
      sum = plus(sum, known ?? (await this.#ofLeaf(leaf, piece, range)))
    }
    return sum
  }

  /**
   * Returns starts of parts of a range that have about as many documents each, without the first's.
   *
   * @param parts how many there are at most; there may be a single one
   */
  async split({ start, end }: TextRange, parts: number): Promise<string[]> {
    const root = this.#root
    if (root === undefined) return []
    const isInside = (text: string): boolean => text > start && (end === undefined || text < end)
    let starts = root.leaves.map(leaf => leaf.start).filter(isInside)
    if (starts.length < parts - 1) {
      starts = []
      for (const { part } of overlapping(root.leaves, { start, end }, undefined)) {
        const blocks = await this.#tree.read(this.#moment.snapshot, part)
        starts.push(...blocks.map(block => block.start).filter(isInside))
      }
    }
    if (starts.length < parts) return starts
    return Array.from({ length: parts - 1 }, (_, n) => starts[Math.floor(((n + 1) * starts.length) / parts)]!)
  }

  /** Returns the leaf with the digests of all blocks, which are read where they are not known. */
  async filled(leaf: LeafEntry, end: string | undefined): Promise<readonly RankCounts[]> {
    const blocks = [...(await this.#tree.read(this.#moment.snapshot, leaf))]
    for (const [index, block] of blocks.entries()) {
      if (block.digest !== undefined) continue
      const piece = { start: block.start, end: blocks[index + 1]?.start ?? end }
      const behind = this.#behindIn(piece)
      const digest = behind && subtractDigest((await this.#scan(piece)).digest, behind)
      blocks[index] = { ...block, digest }
    }
    return blocks
  }

  async #ofLeaf(leaf: LeafEntry, ofLeaf: TextRange, range: TextRange): Promise<RangeDigest> {
    const blocks = await this.#tree.read(this.#moment.snapshot, leaf)
    let sum: RangeDigest = { documents: 0, digest: NO_DOCUMENTS }
    for (const { part: block, piece } of overlapping(blocks, range, ofLeaf.end)) {
      const isWhole = contains(range, piece)
      const known = isWhole ? this.#known(block, piece) : undefined
      if (isWhole && known === undefined) this.scannedLeaves.add(leaf.number)
      sum = plus(sum, known ?? (await this.#scan(intersection(piece, range))))
    }
    return sum
  }

  /** Returns the digest of a part of the tree with what is behind it. */
  #known(counts: RankCounts, piece: TextRange): RangeDigest | undefined {
    const { keys, digest } = totalOf([counts, ...this.#changesIn(piece)])
    return digest && { documents: keys, digest }
  }

  #behindIn(piece: TextRange): Digest | undefined {
    return totalOf(this.#changesIn(piece)).digest
  }

  #changesIn({ start, end }: TextRange): readonly RankChange[] {
    const behind = this.#behind
    return behind.slice(firstAt(behind, start), end === undefined ? behind.length : firstAt(behind, end))
  }

  #scan({ start, end }: TextRange): Promise<RangeDigest> {
    return scanDigest(this.#moment.snapshot, this.#tree.rangeOf(start, end), this.#signal)
  }
}

/** Adjacent parts that have something of a range, each with the piece from its start to the next one's. */
function* overlapping<Part extends RankCounts>(
  parts: readonly Part[],
  range: TextRange,
  end: string | undefined,
): Generator<{ readonly part: Part; readonly piece: TextRange }> {
  for (let at = findRange(parts, range.start); at < parts.length; at++) {
    const part = parts[at]!
    if (range.end !== undefined && part.start >= range.end) return
    yield { part, piece: { start: part.start, end: parts[at + 1]?.start ?? end } }
  }
}

function contains(range: TextRange, piece: TextRange): boolean {
  if (piece.start < range.start) return false
  return range.end === undefined || (piece.end !== undefined && piece.end <= range.end)
}

function intersection(a: TextRange, b: TextRange): TextRange {
  const end = a.end === undefined || (b.end !== undefined && b.end < a.end) ? b.end : a.end
  return { start: a.start > b.start ? a.start : b.start, end }
}

function plus(a: RangeDigest, b: RangeDigest): RangeDigest {
  return { documents: a.documents + b.documents, digest: addDigests(a.digest, b.digest)! }
}

/** Index of the first change whose text is not below one. */
function firstAt(changes: readonly RankChange[], text: string): number {
  let low = 0
  let high = changes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (changes[middle]!.text < text) low = middle + 1
    else high = middle
  }
  return low
}
