import type { Digest } from '../../../protocol/document-digest.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import type { RankedCommit } from './ranked-space.ts'

/** Differences that a commit makes in the digests of documents: by the sequences of changes, and by the ids of removals. */
export interface CommitDigests {
  readonly changes: ReadonlyMap<number, Digest>
  readonly removals: ReadonlyMap<DocId, Digest>
}

/** Returns what ranks keep of a commit: its digests, and not the rendered rows. */
export function rankedCommit(
  { seq, changes, removals }: RankedCommit,
  digests: CommitDigests | undefined,
): RankedCommit {
  return {
    seq,
    changes: changes.map(({ seq: at, id, previousSeq, wasLive, isLive }) => ({
      seq: at,
      id,
      previousSeq,
      wasLive,
      isLive,
      digest: digests?.changes.get(at),
    })),
    removals: removals.map(removal => ({ ...removal, digest: digests?.removals.get(removal.id) })),
  }
}
