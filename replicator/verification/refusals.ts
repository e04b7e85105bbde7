import type { WriteFailure } from '../peer.ts'

/** A revision that a job's target refused, and since when it does. */
export interface RefusedRevision extends WriteFailure {
  /** Times of the first and the last refusal, ISO 8601. */
  readonly first: string
  readonly last: string
  readonly tries: number
}

/** The revisions that a job's target refused and that have not been accepted since. */
export interface Refusals {
  /** Changes with every refusal and acceptance. */
  readonly version: number
  /** That of longest ago first. */
  readonly list: readonly RefusedRevision[]
  /** Number of refusals that are no longer listed, as there were too many. */
  readonly unlisted: number
  /** Returns true if a revision of the document is listed. */
  has(id: string): boolean
  add(failure: WriteFailure): void
  /** The revision is on the target after all, or is no leaf of the source any more. */
  remove(failure: Pick<WriteFailure, 'id' | 'rev'>): void
  /** Everything that still differs has been found by a comparison: refusals that are not listed count no more. */
  forgetUnlisted(): void
}

/** As targets take them in `_revs_diff`. */
const REVISION = /^\d{1,15}-./

/** Returns true if the target can be asked for the revision. */
export function isComparable({ id, rev }: Pick<WriteFailure, 'id' | 'rev'>): boolean {
  return id !== '' && REVISION.test(rev)
}

/** Returns true if a document is missing on the target: one that a source gives without being asked is not. */
export function isMissing({ id, error }: Pick<WriteFailure, 'id' | 'error'>): boolean {
  return id !== '' && error !== 'not_asked_for'
}

/** Returns the refused revisions of these documents that the target can be asked for. */
export function refusalsOf(
  refusals: Refusals | undefined,
  rows: readonly { readonly id: string }[],
): RefusedRevision[] {
  if (refusals === undefined || !rows.some(({ id }) => refusals.has(id))) return []
  const ids = new Set(rows.map(({ id }) => id))
  return refusals.list.filter(failure => ids.has(failure.id) && isComparable(failure))
}

/** Groups revisions by document. */
export function byDocument(
  failures: Iterable<Pick<WriteFailure, 'id' | 'rev'>>,
): { readonly id: string; readonly revs: string[] }[] {
  const revs = new Map<string, string[]>()
  for (const { id, rev } of failures) revs.set(id, [...(revs.get(id) ?? []), rev])
  return Array.from(revs, ([id, all]) => ({ id, revs: all }))
}
