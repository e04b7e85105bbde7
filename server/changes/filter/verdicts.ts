import type { Verdict } from './change-filter.ts'
import type { LeafDocument } from './leaf-documents.ts'

/**
 * What a filter says of each record, by what it says of each leaf.
 *
 * @param passes whether a leaf passes, by its place among all leaves
 */
export function verdictsOf(
  leaves: readonly (readonly LeafDocument[])[],
  passes: (leaf: LeafDocument, index: number) => boolean,
): Verdict[] {
  let position = 0
  return leaves.map(ofRecord => ofRecord.filter(leaf => passes(leaf, position++)).map(({ rev }) => rev))
}
