import type { DocId } from '../../../protocol/document-id.ts'
import type { Rev } from '../../../protocol/revision.ts'
import { missingRevs, possibleAncestors } from '../../../protocol/revtree/missing.ts'
import { TimeSlice } from '../../concurrency/time-slice.ts'
import type { Database } from '../database.ts'
import type { StoredDocument } from './stored-document.ts'

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
  const entries = [...asked]
  const result: RevisionsDiff[] = []
  const slice = new TimeSlice()
  for (let from = 0; from < entries.length; from += AT_ONCE) {
    const some = entries.slice(from, from + AT_ONCE)
    const documents = await database.documents(some.map(([id]) => id))
    for (const [index, [id, revs]] of some.entries()) {
      if (slice.isOver) await slice.pause()
      const found = diffOf(documents[index], id, revs)
      if (found !== undefined) result.push(found)
    }
  }
  return result
}

/** Documents that are read together. */
const AT_ONCE = 1000

function diffOf(
  document: StoredDocument | undefined,
  id: DocId,
  revs: readonly Rev[],
): RevisionsDiff | undefined {
  if (document === undefined)
    return revs.length > 0 ? { id, missing: revs, possibleAncestors: [] } : undefined
  const missing = missingRevs(document.tree, revs)
  if (missing.length === 0) return undefined
  return { id, missing, possibleAncestors: possibleAncestors(document.tree, missing) }
}
