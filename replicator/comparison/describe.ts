import type { ListedDocument, ListedLeaf } from '../peer.ts'
import type { Difference, LeafDifference } from './lines.ts'
import type { Pair, Sides } from './sides.ts'

/** Returns whether a document has the same leaves on both sides, in whatever order, as far as both tell. */
export function isSame({ source, target }: Pair): boolean {
  if (source === undefined || target === undefined) return false
  if (source.leaves.length !== target.leaves.length) return false
  const there = new Map(target.leaves.map(({ rev, deleted }) => [rev, deleted]))
  return source.leaves.every(({ rev, deleted }) => there.has(rev) && isSameFlag(deleted, there.get(rev)))
}

/**
 * Asks both sides for what they lack of documents that differ.
 *
 * @returns a line for each side that lacks revisions; one where neither does
 */
export async function describe(
  { source, target }: Sides,
  pairs: readonly Pair[],
  signal: AbortSignal,
): Promise<(Difference | LeafDifference)[]> {
  if (pairs.length === 0) return []
  const here = pairs.flatMap(pair => asked(pair.source))
  const there = pairs.flatMap(pair => asked(pair.target))
  const [missingThere, missingHere] = await Promise.all([
    here.length === 0 ? [] : target.revsDiff(here, signal),
    there.length === 0 ? [] : source.revsDiff(there, signal),
  ])
  const lacking = {
    source: new Map(missingHere.map(({ id, revs }) => [id, revs])),
    target: new Map(missingThere.map(({ id, revs }) => [id, revs])),
  }
  return pairs.flatMap(pair => linesOf(pair, lacking))
}

type Lacking = Readonly<Record<'source' | 'target', ReadonlyMap<string, readonly string[]>>>

function linesOf(pair: Pair, lacking: Lacking): (Difference | LeafDifference)[] {
  const { id } = pair
  const winners = winnersOf(pair)
  const rest = winners === undefined ? ({ kind: 'leaves' } as const) : ({ kind: 'winner', winners } as const)
  const lines = (['target', 'source'] as const).flatMap((side): Difference[] => {
    const revs = lacking[side].get(id)
    if (revs === undefined) return []
    const shared = { id, missing_in: side, revs }
    return [pair[side] === undefined ? { ...shared, kind: 'missing' } : { ...shared, ...rest }]
  })
  if (lines.length > 0) return lines
  // A document that one side does not list, and does not lack, has come meanwhile.
  if (pair.source === undefined || pair.target === undefined) return []
  return [{ id, ...rest, revs: unequalLeaves(pair.source.leaves, pair.target.leaves) }]
}

function winnersOf({ source, target }: Pair): { source: string; target: string } | undefined {
  const [here, there] = [source?.leaves[0]?.rev, target?.leaves[0]?.rev]
  if (here === undefined || there === undefined || here === there) return undefined
  return { source: here, target: there }
}

function unequalLeaves(here: readonly ListedLeaf[], there: readonly ListedLeaf[]): string[] {
  const flags = new Map(there.map(({ rev, deleted }) => [rev, deleted]))
  const known = new Set(here.map(({ rev }) => rev))
  const unequal = here.filter(({ rev, deleted }) => !flags.has(rev) || !isSameFlag(deleted, flags.get(rev)))
  return [...unequal, ...there.filter(({ rev }) => !known.has(rev))].map(({ rev }) => rev)
}

function isSameFlag(here: boolean | undefined, there: boolean | undefined): boolean {
  return here === undefined || there === undefined || here === there
}

function asked(document: ListedDocument | undefined): { id: string; revs: string[] }[] {
  return document === undefined ? [] : [{ id: document.id, revs: document.leaves.map(({ rev }) => rev) }]
}
