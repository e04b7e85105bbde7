import { columnsOf, type MangoIndex } from './mango-index.ts'

/** Why an index cannot be used for a query. */
export type Problem = 'is_partial' | 'scope_mismatch' | 'field_mismatch' | 'sort_order_mismatch'

/** Why an index that could be used was not chosen. */
export type RejectReason =
  'excluded_by_user' | 'unfavored_type' | 'less_overlap' | 'too_many_fields' | 'alphabetically_comes_after'

/** An index, and what speaks against its use. */
export interface IndexCandidate {
  readonly index: MangoIndex
  readonly problem: Problem | undefined
}

/** An index that can be used, and how many of the fields that an index could narrow it does not. */
export interface Fitness {
  readonly index: MangoIndex
  readonly distance: number
}

/** An index that was not chosen. */
export interface Rejected {
  readonly index: MangoIndex
  readonly usable: boolean
  readonly reason: Problem | RejectReason
  /** Distance from being chosen; several can have the same. */
  readonly ranking: number
}

interface Choice {
  /** Undefined if no index can be used. */
  readonly index: MangoIndex | undefined
  /** The usable ones that were left to choose from. */
  readonly choice: readonly MangoIndex[]
  /** Those of them that belong to design documents, the best first. */
  readonly ranked: readonly Fitness[]
}

/**
 * Tells of all other indexes why they were not chosen, in the reverse order of their names, that of all documents last.
 * An index is the further from being chosen the earlier it was left out. (CouchDB: mango_cursor:explain/1)
 */
export function rankCandidates(candidates: readonly IndexCandidate[], choice: Choice): Rejected[] {
  const rejected = candidates
    .filter(({ index }) => index !== choice.index)
    .map(({ index, problem }) => ({ index, reason: problem ?? rejectReason(index, choice) }))
  const ranks = stageRanks(new Set(rejected.map(({ reason }) => reason)), choice.ranked.length)
  const ranked = rejected.map(({ index, reason }) => ({
    index,
    usable: candidates.find(other => other.index === index)?.problem === undefined,
    reason,
    ranking: ranks[reason] ?? choice.ranked.findIndex(fitness => fitness.index === index),
  }))
  return [
    ...ranked.filter(({ index }) => index.ddoc !== undefined).reverse(),
    ...ranked.filter(({ index }) => index.ddoc === undefined),
  ]
}

function rejectReason(index: MangoIndex, { index: winner, choice, ranked }: Choice): RejectReason {
  if (!choice.includes(index)) return 'excluded_by_user'
  const fitness = ranked.find(other => other.index === index)
  if (fitness === undefined) return 'unfavored_type'
  if (fitness.distance > 0) return 'less_overlap'
  const isWider = winner !== undefined && columnsOf(index).length > columnsOf(winner).length
  return isWider ? 'too_many_fields' : 'alphabetically_comes_after'
}

/** Each stage that left out any is one rank nearer than the stage before it. */
function stageRanks(
  reasons: ReadonlySet<string>,
  compared: number,
): Partial<Record<Problem | RejectReason, number>> {
  const unfavored = Math.max(1, compared)
  const excluded = unfavored + (reasons.has('unfavored_type') ? 1 : 0)
  const unusable = excluded + (reasons.has('excluded_by_user') ? 1 : 0)
  const isAnyUnusable = reasons.has('field_mismatch') || reasons.has('sort_order_mismatch')
  const outOfScope = unusable + (isAnyUnusable ? 1 : 0)
  return {
    unfavored_type: unfavored,
    excluded_by_user: excluded,
    field_mismatch: unusable,
    sort_order_mismatch: unusable,
    scope_mismatch: outOfScope,
    is_partial: outOfScope + (reasons.has('scope_mismatch') ? 1 : 0),
  }
}
