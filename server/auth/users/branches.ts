import { type CouchError, fail } from '../../../protocol/errors.ts'
import { isDatabaseAdmin } from '../../../protocol/security.ts'
import type { Actor, ValidatedDocument } from '../../database/documents/edit.ts'
import { placementOf } from '../../database/commit/placement.ts'

const REASON = 'Only administrators may make or resolve conflicts of user documents.'

/**
 * Refuses what would make a user's document compete with another version of itself, which locks the user out and could
 * bring older roles back: users may replace the winning version of their document, and nothing else. A second edit of
 * the same document in one request is refused too, as the first is not in the tree yet.
 *
 * @returns the error of each document that is refused
 */
export function refuseBranches(
  documents: readonly ValidatedDocument[],
  { user, security }: Actor,
): ReadonlyMap<ValidatedDocument, CouchError> {
  const refused = new Map<ValidatedDocument, CouchError>()
  if (isDatabaseAdmin(user, security)) return refused
  const seen = new Set<string>()
  for (const document of documents) {
    const isRepeated = document.replicated && seen.has(document.id)
    seen.add(document.id)
    if (isRepeated || placementOf(document) === 'branch') refused.set(document, fail('forbidden', REASON))
  }
  return refused
}
