import { asDocId } from '../../../protocol/document-id.ts'
import { parseDocument } from '../../../protocol/document/parse.ts'
import { SERVER } from '../../../protocol/user-context.ts'
import type { Database } from '../../database/database.ts'
import { writeDocuments } from '../../database/documents/write-documents.ts'

/** The design document that CouchDB puts into a users database, and clients look for. */
export const AUTH_DESIGN = asDocId('_design/_auth')

/**
 * The rules of `checkUserDocument` as a validation function. Here they are kept without it; a copy of the database that
 * is replicated to another server is judged by it.
 */
const VALIDATE = `function (newDoc, oldDoc, userCtx, secObj) {
  function refuse(reason) { throw { forbidden: reason } }
  function isAdmin() {
    var admins = (secObj && secObj.admins) || {}
    if (userCtx.roles.indexOf('_admin') >= 0) return true
    if ((admins.names || []).indexOf(userCtx.name) >= 0) return true
    return (admins.roles || []).some(function (role) { return userCtx.roles.indexOf(role) >= 0 })
  }
  if (newDoc._deleted === true) {
    if (userCtx.roles.indexOf('_admin') >= 0 || (oldDoc && userCtx.name === oldDoc.name)) return
    refuse('Only admins may delete other user docs.')
  }
  if (newDoc.type !== 'user') refuse('doc.type must be user')
  if (!newDoc.name) refuse('doc.name is required')
  if (!newDoc.roles) refuse('doc.roles must exist')
  if (!Array.isArray(newDoc.roles)) refuse('doc.roles must be an array')
  var roles = newDoc.roles
  if (roles.some(function (role) { return typeof role !== 'string' })) {
    refuse('doc.roles can only contain strings')
  }
  if (newDoc._id !== 'org.couchdb.user:' + newDoc.name) {
    refuse('Doc ID must be of the form org.couchdb.user:name')
  }
  if (oldDoc && oldDoc.name !== newDoc.name) refuse('Usernames can not be changed.')
  if (newDoc.password_sha && !newDoc.salt) refuse('Users with password_sha must have a salt.')
  var scheme = newDoc.password_scheme
  if (scheme && scheme !== 'simple' && scheme !== 'pbkdf2') {
    refuse('Password scheme \`' + scheme + '\` not supported.')
  }
  if (scheme === 'pbkdf2') {
    if (typeof newDoc.iterations !== 'number') refuse('iterations must be a number.')
    if (typeof newDoc.derived_key !== 'string') refuse('derived_key must be a string.')
  }
  if (!isAdmin()) {
    if (!oldDoc && roles.length > 0) refuse('Only _admin may set roles')
    if (oldDoc && userCtx.name !== newDoc.name) refuse('You may only update your own user document.')
    if (oldDoc && JSON.stringify((oldDoc.roles || []).slice().sort()) !== JSON.stringify(roles.slice().sort())) {
      refuse('Only _admin may edit roles')
    }
  }
  if (roles.some(function (role) { return role[0] === '_' })) {
    refuse('No system roles (starting with underscore) in users db.')
  }
  if (newDoc.name[0] === '_') refuse('Username may not start with underscore.')
  if (newDoc.name.indexOf(':') >= 0) refuse('Character \`:\` is not allowed in usernames.')
}`

const BODY = Buffer.from(JSON.stringify({ language: 'javascript', validate_doc_update: VALIDATE }))

/** Puts the design document into a users database that lacks it. */
export async function ensureAuthDesign(database: Database): Promise<void> {
  const found = database.document(AUTH_DESIGN)
  if (found !== undefined && !found.deleted) return
  const input = { ...parseDocument(BODY, { term: true }), rev: found?.rev }
  // One that somebody else writes meanwhile is as good.
  await writeDocuments(database, [{ id: AUTH_DESIGN, input }], { replicated: false, user: SERVER })
}
