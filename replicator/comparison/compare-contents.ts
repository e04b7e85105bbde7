import { contentsOf, revisionKey, type RevisionContent, type WantedRevisions } from './contents.ts'
import type { ContentDifference, UnreadableRevision } from './lines.ts'
import type { AttachmentContent } from './proof.ts'
import type { Pair, Sides } from './sides.ts'

const MISSING = { kind: 'missing' } as const

/** Reads the leaves that both sides have, and tells what differs under the same revision. */
export async function compareContents(
  { source, target }: Sides,
  pairs: readonly Pair[],
  signal: AbortSignal,
): Promise<(ContentDifference | UnreadableRevision)[]> {
  const shared = pairs.flatMap(sharedLeaves)
  if (shared.length === 0) return []
  const [here, there] = await Promise.all([
    contentsOf(source, shared, signal),
    contentsOf(target, shared, signal),
  ])
  const found = shared.flatMap(({ id, revs }) =>
    revs.flatMap(rev => {
      const key = revisionKey(id, rev)
      return differencesOf({ id, rev }, here.get(key) ?? MISSING, there.get(key) ?? MISSING)
    }),
  )
  return found.length === 0 ? found : withDamagedSides({ source, target }, found, signal)
}

/** Reads what differs once more, to find out which side is right. */
async function withDamagedSides(
  { source, target }: Sides,
  found: readonly (ContentDifference | UnreadableRevision)[],
  signal: AbortSignal,
): Promise<(ContentDifference | UnreadableRevision)[]> {
  const revs = new Map<string, Set<string>>()
  for (const { id, rev } of found) revs.set(id, (revs.get(id) ?? new Set()).add(rev))
  const wanted = Array.from(revs, ([id, all]) => ({ id, revs: [...all] }))
  const [here, there] = await Promise.all([
    contentsOf(source, wanted, signal, { prove: true }),
    contentsOf(target, wanted, signal, { prove: true }),
  ])
  return found.map(difference => {
    const key = revisionKey(difference.id, difference.rev)
    const damaged = damagedSide(here.get(key) ?? MISSING, there.get(key) ?? MISSING)
    return damaged === undefined ? difference : { ...difference, damaged }
  })
}

function sharedLeaves({ id, source, target }: Pair): WantedRevisions[] {
  if (source === undefined || target === undefined) return []
  const there = new Set(target.leaves.map(({ rev }) => rev))
  const revs = source.leaves.map(({ rev }) => rev).filter(rev => there.has(rev))
  return revs.length === 0 ? [] : [{ id, revs }]
}

/** Returns what differs between two contents of a revision. */
export function differencesOf(
  revision: { readonly id: string; readonly rev: string },
  here: RevisionContent,
  there: RevisionContent,
): (ContentDifference | UnreadableRevision)[] {
  const unreadable = [['source', here] as const, ['target', there] as const].flatMap(([side, content]) =>
    content.kind === 'unreadable'
      ? [{ ...revision, kind: 'unreadable' as const, side, reason: content.reason }]
      : [],
  )
  // A revision that is missing was replaced while the comparison went on.
  if (here.kind !== 'content' || there.kind !== 'content') return unreadable
  const differences: ContentDifference[] = []
  if (here.body !== there.body || here.deleted !== there.deleted)
    differences.push({ ...revision, kind: 'body' })
  for (const name of new Set([...here.attachments.keys(), ...there.attachments.keys()])) {
    if (!isSameAttachment(here.attachments.get(name), there.attachments.get(name)))
      differences.push({ ...revision, kind: 'attachment', name })
  }
  return differences
}

/** Returns the side that is damaged: the other one proves the revision; undefined where neither side does, or both do. */
export function damagedSide(here: RevisionContent, there: RevisionContent): 'source' | 'target' | undefined {
  const [isHere, isThere] = [here, there].map(
    content => content.kind === 'content' && content.isProven === true,
  )
  return isHere === isThere ? undefined : isHere === true ? 'target' : 'source'
}

/** Bytes are compared where both sides sent them in the same encoding, digests where both tell them. */
function isSameAttachment(
  here: AttachmentContent | undefined,
  there: AttachmentContent | undefined,
): boolean {
  if (here === undefined || there?.type !== here.type) return false
  if (here.digest !== undefined && there.digest !== undefined && here.digest !== there.digest) return false
  if (here.sent === undefined || there.sent?.encoding !== here.sent.encoding) return true
  return here.sent.md5 === there.sent.md5
}
