import { fail } from '../../protocol/errors.ts'
import type { MaskRule } from '../../protocol/masks.ts'
import type { Database } from '../database/database.ts'
import type { FollowerState } from '../database/state.ts'
import { maskDigest } from './job-mask.ts'

/**
 * Returns the part of a follower's state that says which values are hidden in it. A masked copy stays one, with the same
 * rules, for as long as the database exists; only one that nobody has written to can become one.
 *
 * @throws `maskedForGood`, `maskNeedsEmpty`
 */
export function maskedFollower(
  { state: { follower, seq, docs, deletedDocs, purgeSeq } }: Pick<Database, 'state'>,
  rules: readonly MaskRule[] | undefined,
): Pick<FollowerState, 'mask'> {
  const mask = rules && maskDigest(rules)
  if (follower?.mask !== undefined && follower.mask !== mask) throw fail('maskedForGood')
  if (mask === undefined) return {}
  if (follower?.mask === undefined && seq + docs + deletedDocs + purgeSeq > 0) throw fail('maskNeedsEmpty')
  return { mask }
}
