import type { DocId } from '../../../protocol/document-id.ts'
import type { Rev } from '../../../protocol/revision.ts'
import { missingRevs, possibleAncestors } from '../../../protocol/revtree/missing.ts'
import { TimeSlice } from '../../concurrency/time-slice.ts'
import type { Database } from '../database.ts'

export interface RevisionsDiff {
  readonly id: DocId
  readonly missing: readonly Rev[]
  readonly possibleAncestors: readonly Rev[]
}

/** Returns, of the revisions that a peer has, those that are missing here; documents that lack none are left out. */
export async function revsDiff(
  database: Database,
  asked: ReadonlyMap<DocId, readonly Rev[]>,
): Promise<RevisionsDiff[]> {
  const documents = await database.documents([...asked.keys()])
  const result: RevisionsDiff[] = []
  const slice = new TimeSlice()
  let offset = 0
  for (const [id, revs] of asked) {
    if (slice.isOver) await slice.pause()
    const document = documents[offset++]
    if (document === undefined) {
      if (revs.length > 0) result.push({ id, missing: revs, possibleAncestors: [] })
      continue
    }
    const missing = missingRevs(document.tree, revs)
    if (missing.length > 0) {
      result.push({ id, missing, possibleAncestors: possibleAncestors(document.tree, missing) })
    }
  }
  return result
}
