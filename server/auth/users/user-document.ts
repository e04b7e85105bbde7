import { fail } from '../../../protocol/errors.ts'
import { isDatabaseAdmin, type Security } from '../../../protocol/security.ts'
import type { UserContext } from '../../../protocol/user-context.ts'

/** Ids of the users' documents begin with it. */
export const USER_PREFIX = 'org.couchdb.user:'

export type DocumentObject = Readonly<Record<string, unknown>>

export interface UserDocumentEdit {
  readonly id: string
  readonly deleted: boolean
  readonly document: DocumentObject
  /** The revision that it replaces. */
  readonly previous: DocumentObject | undefined
}

/**
 * Judges an edit of the users database: the rules of the `validate_doc_update` function that CouchDB puts into it.
 *
 * @throws `forbidden`
 */
export function checkUserDocument(edit: UserDocumentEdit, user: UserContext, security: Security): void {
  if (edit.deleted) return checkDeletion(edit, user)
  const { document, previous } = edit
  checkShape(edit)
  if (previous !== undefined && previous['name'] !== document['name']) refuse('Usernames can not be changed.')
  checkPassword(document)
  if (!isDatabaseAdmin(user, security)) checkOwnEdit(document, previous, user)
  checkNames(document['name'] as string, document['roles'] as string[])
}

function checkDeletion({ previous }: UserDocumentEdit, user: UserContext): void {
  if (user.roles.includes('_admin') || (user.name !== null && user.name === previous?.['name'])) return
  refuse('Only admins may delete other user docs.')
}

function checkShape({ id, document }: UserDocumentEdit): void {
  const { type, name, roles } = document
  if (type !== 'user') refuse('doc.type must be user')
  if (!name) refuse('doc.name is required')
  if (!roles) refuse('doc.roles must exist')
  if (!Array.isArray(roles)) refuse('doc.roles must be an array')
  if (!roles.every(role => typeof role === 'string')) refuse('doc.roles can only contain strings')
  if (typeof name !== 'string' || id !== USER_PREFIX + name)
    refuse('Doc ID must be of the form org.couchdb.user:name')
}

function checkPassword(document: DocumentObject): void {
  const { password_sha: sha, salt, password_scheme: scheme, iterations, derived_key: derivedKey } = document
  if (sha && !salt) {
    refuse('Users with password_sha must have a salt.See /_utils/script/couch.js for example code.')
  }
  if (scheme && scheme !== 'simple' && scheme !== 'pbkdf2') {
    refuse(
      `Password scheme \`${typeof scheme === 'string' ? scheme : JSON.stringify(scheme)}\` not supported.`,
    )
  }
  if (scheme !== 'pbkdf2') return
  if (typeof iterations !== 'number') refuse('iterations must be a number.')
  if (typeof derivedKey !== 'string') refuse('derived_key must be a string.')
}

/** Users change their own document, and in it not their roles. */
function checkOwnEdit(
  document: DocumentObject,
  previous: DocumentObject | undefined,
  user: UserContext,
): void {
  const roles = document['roles'] as string[]
  if (previous === undefined) {
    if (roles.length > 0) refuse('Only _admin may set roles')
    return
  }
  if (user.name !== document['name']) refuse('You may only update your own user document.')
  const before = Array.isArray(previous['roles']) ? (previous['roles'] as unknown[]) : []
  if (JSON.stringify(before.toSorted()) !== JSON.stringify(roles.toSorted()))
    refuse('Only _admin may edit roles')
}

function checkNames(name: string, roles: readonly string[]): void {
  if (roles.some(role => role.startsWith('_'))) {
    refuse('No system roles (starting with underscore) in users db.')
  }
  if (name.startsWith('_')) refuse('Username may not start with underscore.')
  if (name.includes(':')) refuse('Character `:` is not allowed in usernames.')
}

function refuse(reason: string): never {
  throw fail('forbidden', reason)
}
