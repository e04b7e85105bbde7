import type { Rev } from '../../../protocol/revision.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import { removeLeaves } from '../../../protocol/revtree/purge.ts'
import { nodeCount } from '../../../protocol/revtree/tree.ts'
import type { Commit } from './commit.ts'
import { deleteUnreferencedBodies } from './delete-unreferenced-bodies.ts'
import { documentSize, type WrittenBody } from './document-size.ts'
import type { PurgeRequest } from './write-request.ts'

/** Carries out purge requests in a commit, and returns the revisions that each removed. */
export function applyPurge(commit: Commit, requests: readonly PurgeRequest[]): Rev[][] {
  const { seq } = commit.state
  const purged = requests.map(request => {
    commit.state.purgeSeq += 1
    commit.logPurge(Buffer.from(JSON.stringify(request)))
    return forget(commit, request)
  })
  // Who follows the database has to learn of a purge also where no document is left to tell it.
  if (commit.state.seq === seq) commit.state.seq += 1
  return purged
}

const NOTHING_WRITTEN: readonly WrittenBody[] = []

function forget(commit: Commit, { id, revs }: PurgeRequest): Rev[] {
  const document = commit.document(id)
  if (document === undefined) return []
  const { tree, removed } = removeLeaves(document.tree, revs)
  if (removed.length === 0) return []
  deleteUnreferencedBodies(commit, document.tree, tree)
  if (nodeCount(tree) === 0) commit.remove(id)
  else commit.change(id, tree, leaves(tree), documentSize(commit, document, tree, NOTHING_WRITTEN))
  return removed
}
