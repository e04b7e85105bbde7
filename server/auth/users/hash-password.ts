import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import { parseDocument } from '../../../protocol/document/parse.ts'
import { fail } from '../../../protocol/errors.ts'
import { jsonMembers, type RawMember } from '../../../protocol/json/members.ts'
import type { StoredPassword } from '../../passwords/stored-password.ts'

const PASSWORD = 'password'

/** The members that say how a password is kept: none of an older hash stays (CouchDB: couch_users_db:remove_password_fields/1). */
const PASSWORD_MEMBERS = new Set([
  PASSWORD,
  'derived_key',
  'iterations',
  'password_scheme',
  'password_sha',
  'pbkdf2_prf',
  'preserve_salt',
  'salt',
])

/**
 * The plain password in a user's document; `undefined` where it is missing or null, which leaves the document as it is.
 *
 * @throws `forbidden` where it is no string
 */
export function plainPassword(body: Buffer): string | undefined {
  const text = jsonMembers(body)
    ?.find(([name]) => name === PASSWORD)?.[1]
    .toString()
  if (text === undefined || text === 'null') return undefined
  const password: unknown = JSON.parse(text)
  if (typeof password !== 'string') throw fail('forbidden', `Password value of '${text}' is invalid.`)
  return password
}

/** The document with the hash in place of the password: the hash's members come first, as CouchDB has them. */
export function withStoredPassword(input: DocumentInput, stored: StoredPassword): DocumentInput {
  const hash = membersOf(stored)
  const others = (jsonMembers(input.body) ?? []).filter(([name]) => !PASSWORD_MEMBERS.has(name))
  const text = `{${[...Object.entries(hash).map(printMember), ...others.map(printRaw)].join(',')}}`
  const { body, term, size } = parseDocument(Buffer.from(text), { term: true })
  return { ...input, body, term, size }
}

function membersOf(stored: StoredPassword): Record<string, string | number> {
  if (stored.scheme === 'simple') {
    return { password_scheme: 'simple', salt: stored.salt, password_sha: stored.sha }
  }
  const { prf, salt, iterations, derivedKey } = stored
  return { password_scheme: 'pbkdf2', pbkdf2_prf: prf, salt, iterations, derived_key: derivedKey }
}

function printMember([name, value]: [string, string | number]): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`
}

function printRaw([name, value]: RawMember): string {
  return `${JSON.stringify(name)}:${value.toString()}`
}
