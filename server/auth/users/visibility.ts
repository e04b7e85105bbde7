import { isDesignId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { isDatabaseAdmin, type Security } from '../../../protocol/security.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import { type DocumentObject, USER_PREFIX } from './user-document.ts'

/** Part of a document of the users database that a user sees: all of it, or the members that everybody may read. */
export type DocumentVisibility = 'whole' | 'public members'

/**
 * Returns the part of a document of the users database that a user may read (`couch_users_db:after_doc_read/2`):
 * administrators see all documents, users their own, others what `[chttpd_auth] public_fields` lists.
 *
 * @throws `forbidden` for design documents
 */
export function visibilityOf(id: string, user: UserContext, security: Security): DocumentVisibility {
  if (isDatabaseAdmin(user, security)) return 'whole'
  if (isDesignId(id)) {
    throw fail('forbidden', 'Only administrators can view design docs in the users database.')
  }
  return isOwn(id, user) ? 'whole' : 'public members'
}

/**
 * Checks that a user may write a document of the users database (`couch_users_db:before_doc_update/3`): administrators
 * all, users their own, and anonymous requests any, so that new users can sign up where the database is open to them.
 *
 * @throws `missing`, so that nobody learns who is there
 */
export function checkWriter(id: string, user: UserContext, security: Security): void {
  if (isDatabaseAdmin(user, security) || user.name === null || isOwn(id, user)) return
  throw fail('missing')
}

/** @throws `missing` where no member is public */
export function publicMembers(document: DocumentObject, names: readonly string[]): DocumentObject {
  const members = Object.entries(document).filter(([name]) => names.includes(name))
  if (members.length === 0) throw fail('missing')
  return Object.fromEntries(members)
}

function isOwn(id: string, { name }: UserContext): boolean {
  return name !== null && id === USER_PREFIX + name
}
