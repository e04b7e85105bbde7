import { asDocId, type DocId } from '../document-id.ts'
import { withoutTrailing } from '../trailing.ts'
import { type PassiveMember, PassiveReader } from './passive-members.ts'

/** Scheme of `Authorization` between members of a mesh; servers that do not know it ignore it. */
export const MEMBER_SCHEME = 'Couchette-Mesh'

/** A node of a mesh, as its document in `_mesh_members` says. */
export interface MeshMember {
  /** Hash of its public key, so that no other key can stand under it. */
  readonly id: string
  readonly name: string
  /** Under which the other members reach it; no trailing slash. */
  readonly url: string
  readonly region: string
  /** Public key: the `x` of a JWK for Ed25519. */
  readonly key: string
  /** Shared databases that it has, and those of them that are partitioned. */
  readonly holds: readonly string[]
  readonly partitioned: readonly string[]
}

/** The document `mesh` of `_mesh_members`. */
export interface MeshSettings {
  readonly id: string
  readonly name: string
  /** Names of shared databases; `*` stands for any characters. */
  readonly databases: readonly string[]
  /** True where `_users` is shared, too. */
  readonly users: boolean
  readonly designDocuments: boolean
}

/** All that the documents of `_mesh_members` say. */
export interface MeshState {
  readonly settings: MeshSettings | undefined
  readonly members: ReadonlyMap<string, MeshMember>
  /** Ids of members that were removed: they stay removed, whatever other documents say. */
  readonly removed: ReadonlySet<string>
  /** `_security` by database. */
  readonly security: ReadonlyMap<string, string>
  /** Servers that know nothing of the mesh, by their names. */
  readonly passive: ReadonlyMap<string, PassiveMember>
}

export const MESH_DOCUMENT = asDocId('mesh')

const MEMBER = 'member:'
const REMOVED = 'removed:'
const SECURITY = 'security:'

export function memberDocumentId(id: string): DocId {
  return asDocId(MEMBER + id)
}

export function removedDocumentId(id: string): DocId {
  return asDocId(REMOVED + id)
}

export function securityDocumentId(database: string): DocId {
  return asDocId(SECURITY + database)
}

type Members = Readonly<Record<string, unknown>>

/**
 * Reads the documents of `_mesh_members`. What is malformed counts as not there, and so does a member whose id is not that of
 * its key.
 *
 * @param idOf gives the id of a public key
 */
export function meshStateOf(
  documents: Iterable<readonly [id: string, body: Members]>,
  idOf: (key: string) => string,
): MeshState {
  let settings: MeshSettings | undefined
  const members = new Map<string, MeshMember>()
  const removed = new Set<string>()
  const security = new Map<string, string>()
  const passive = new PassiveReader()
  for (const [id, body] of documents) {
    if (passive.take(id, body)) continue
    if (id === MESH_DOCUMENT) settings = settingsOf(body)
    else if (id.startsWith(REMOVED)) removed.add(id.slice(REMOVED.length))
    else if (id.startsWith(SECURITY)) security.set(id.slice(SECURITY.length), JSON.stringify(body.security))
    else if (id.startsWith(MEMBER)) {
      const member = memberOf(id.slice(MEMBER.length), body)
      if (member !== undefined && idOf(member.key) === member.id) members.set(member.id, member)
    }
  }
  for (const id of removed) members.delete(id)
  return { settings, members, removed, security, passive: passive.members(id => members.has(id)) }
}

/** Returns whether a mesh shares a database. Other system databases than `_users` are never shared. */
export function isShared({ databases, users }: MeshSettings, name: string): boolean {
  if (name === '_users') return users
  if (/(^|\/)_/.test(name)) return false
  return databases.some(pattern => matches(pattern, name))
}

function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map(part => part.replace(/[$()+./\\[\]^{}|?-]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name)
}

function settingsOf({
  mesh,
  name,
  databases,
  users,
  design_documents: designs,
}: Members): MeshSettings | undefined {
  if (typeof mesh !== 'string' || typeof name !== 'string' || !isTexts(databases)) return undefined
  return { id: mesh, name, databases, users: users === true, designDocuments: designs !== false }
}

function memberOf(id: string, body: Members): MeshMember | undefined {
  const { name, url, region = '', key, holds = [], partitioned = [] } = body
  if (typeof name !== 'string' || typeof url !== 'string' || !/^https?:\/\//.test(url)) return undefined
  if (typeof region !== 'string' || typeof key !== 'string') return undefined
  if (!isTexts(holds) || !isTexts(partitioned)) return undefined
  return { id, name, url: withoutTrailing(url, '/'), region, key, holds, partitioned }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(entry => typeof entry === 'string')
}
