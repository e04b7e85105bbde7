import type { Verdict } from './change-filter.ts'
import type { LeafDocument } from './leaf-documents.ts'

/**
 * Returns the verdict on each record: the revisions of its leaves that pass.
 *
 * @param passes returns true if a leaf passes; `index` counts the leaves of all records
 */
export function verdictsOf(
  leaves: readonly (readonly LeafDocument[])[],
  passes: (leaf: LeafDocument, index: number) => boolean,
): Verdict[] {
  let position = 0
  return leaves.map(ofRecord => ofRecord.filter(leaf => passes(leaf, position++)).map(({ rev }) => rev))
}
