import { apiPath } from '../lib/location.ts'
import { withMember, withoutMembers } from '../lib/json-text.ts'
import { deleteDocument, documentText, listRows, putDocument } from './documents.ts'
import { getJson, request } from './http.ts'

export const USERS = '_users'
const PREFIX = 'org.couchdb.user:'

export interface UserRow {
  readonly name: string
  readonly rev: string
  readonly roles: readonly string[]
}

export interface UserPage {
  readonly users: readonly UserRow[]
  /** The name at which the next page begins. */
  readonly next: string | undefined
}

const PAGE = 100

/** A page of the users whose name begins with a text, from a name on. */
export async function listUsers(
  prefix: string,
  from: string | undefined,
  signal: AbortSignal,
): Promise<UserPage> {
  const { rows } = await listRows(
    `${USERS}/_all_docs`,
    {
      include_docs: true,
      limit: PAGE + 1,
      startkey: JSON.stringify(PREFIX + (from ?? prefix)),
      endkey: JSON.stringify(`${PREFIX}${prefix}\ufff0`),
    },
    signal,
  )
  const users = rows.flatMap(({ text }) => (text === undefined ? [] : [userOf(text)]))
  return { users: users.slice(0, PAGE), next: users[PAGE]?.name }
}

function userOf(text: string): UserRow {
  const { name, roles, _rev } = JSON.parse(text) as { name?: string; roles?: unknown; _rev: string }
  return { name: name ?? '', rev: _rev, roles: Array.isArray(roles) ? roles.map(String) : [] }
}

export interface UserChange {
  readonly name: string
  readonly roles: readonly string[]
  /** Empty to leave it as it is. */
  readonly password: string
}

export async function createUser({ name, roles, password }: UserChange): Promise<void> {
  const text = JSON.stringify({ name, type: 'user', roles, password })
  await putDocument(USERS, PREFIX + name, text)
}

/** Changes roles, and the password where one is given; everything else in the document stays. */
export async function changeUser({ name, roles, password }: UserChange): Promise<void> {
  const text = withMember(await documentText(USERS, PREFIX + name), 'roles', JSON.stringify(roles))
  await putDocument(USERS, PREFIX + name, password === '' ? text : withPassword(text, password))
}

/** The members of the old password's hash go, so that no mixture of both is left. */
const HASH = new Set([
  'password_scheme',
  'pbkdf2_prf',
  'iterations',
  'derived_key',
  'salt',
  'password_sha',
  'password',
])

function withPassword(text: string, password: string): string {
  return withMember(
    withoutMembers(text, name => HASH.has(name)),
    'password',
    JSON.stringify(password),
  )
}

export function deleteUser({ name, rev }: UserRow): Promise<unknown> {
  return deleteDocument(USERS, PREFIX + name, rev)
}

/** The names of the server's administrators. */
export async function listAdmins(signal: AbortSignal): Promise<string[]> {
  return Object.keys(await getJson<Record<string, string>>('_node/_local/_config/admins', { signal }))
}

/** Makes an administrator of the server, or sets the password of one. */
export async function putAdmin(name: string, password: string): Promise<void> {
  await request('PUT', `_node/_local/_config/admins/${apiPath(name)}`, { json: JSON.stringify(password) })
}

export async function deleteAdmin(name: string): Promise<void> {
  await request('DELETE', `_node/_local/_config/admins/${apiPath(name)}`)
}
