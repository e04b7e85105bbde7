import {
  type Digest,
  documentDigest,
  NO_DOCUMENTS,
  subtractDigest,
} from '../../../protocol/document-digest.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import { type Leaf, leaves } from '../../../protocol/revtree/leaves.ts'
import type { RevTree } from '../../../protocol/revtree/tree.ts'
import type { WriteSetBuilder } from '../../storage/write-set.ts'
import { encodeJournal } from '../ranks/rank-journal.ts'
import { journalKey } from '../ranks/rank-keys.ts'
import type { CommitDigests } from '../ranks/commit-digests.ts'
import type { RankedCommit } from '../ranks/ranked-space.ts'
import type { CommitContext } from './commit-context.ts'

/** Collects what a commit changes in the digests of documents. */
export class DigestDifferences implements CommitDigests {
  readonly changes = new Map<number, Digest>()
  readonly removals = new Map<DocId, Digest>()
  /** Trees on disk of the documents that the commit touches. */
  readonly #before = new Map<DocId, RevTree>()

  /** @param tree the document's tree on disk; undefined for a new document */
  remember(id: DocId, tree: RevTree | undefined): void {
    if (tree !== undefined) this.#before.set(id, tree)
  }

  change(id: DocId, seq: number, now: readonly Leaf[]): void {
    const digest = documentDigest(id, now)
    this.changes.set(seq, this.#before.has(id) ? subtractDigest(digest, this.#digestBefore(id)) : digest)
  }

  remove(id: DocId): void {
    this.removals.set(id, subtractDigest(NO_DOCUMENTS, this.#digestBefore(id)))
  }

  #digestBefore(id: DocId): Digest {
    const tree = this.#before.get(id)
    return tree === undefined ? NO_DOCUMENTS : documentDigest(id, leaves(tree))
  }
}

/**
 * Puts what this node needs to count its ranks and digests later among the records that are no part of a commit's value.
 *
 * @param what.from the update sequence before the commit
 */
export function putRankJournal(
  local: WriteSetBuilder,
  { ranks, keys }: CommitContext,
  what: {
    readonly from: number
    readonly commit: RankedCommit
    readonly digests: DigestDifferences | undefined
  },
): void {
  const { from, commit, digests } = what
  if (digests !== undefined) ranks?.expect(commit.seq, digests)
  local.put(journalKey(keys, commit.seq), encodeJournal(from, commit, digests))
}
