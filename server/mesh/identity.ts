import { createHash, generateKeyPairSync } from 'node:crypto'
import { asDatabaseName } from '../../protocol/database-name.ts'
import { CouchError, fail } from '../../protocol/errors.ts'
import type { MemberSigner } from '../../protocol/replication-endpoint.ts'
import type { SecretBox } from '../credentials/secret-box.ts'
import type { Catalog } from '../database/catalog.ts'
import { readInternalSetting, writeInternalSetting } from '../database/internal-settings.ts'
import { MESH_SETTING } from '../database/setting-names.ts'

export type MemberKey = MemberSigner['key']

/** The member that a node joined by: asked until `_mesh_members` is here. */
export interface Introducer {
  readonly id: string
  readonly url: string
  readonly key: string
}

/** A node's place in a mesh. */
export interface MeshIdentity {
  readonly mesh: string
  readonly member: string
  readonly key: MemberKey
  readonly introducer: Introducer | null
}

interface StoredIdentity extends Omit<MeshIdentity, 'key'> {
  readonly sealed: string
}

/** The database that the identity is kept with, as credentials are. */
const JOBS = asDatabaseName('_replicator')
const SECRET = 'mesh key'
const ID_LENGTH = 26

export function makeKey(): MemberKey {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }) as MemberKey
}

/** Returns the id of a member: a hash of its public key. */
export function memberIdOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, ID_LENGTH)
}

/** Keeps the identity of this node. */
export class IdentityStore {
  readonly #catalog: Catalog
  readonly #box: SecretBox
  #known: Promise<MeshIdentity | undefined> | undefined

  constructor(catalog: Catalog, box: SecretBox) {
    this.#catalog = catalog
    this.#box = box
  }

  /**
   * Returns the identity; undefined of a node that is in no mesh.
   *
   * @throws {DamagedValueError} where the key of the server's secrets is another one
   */
  read(): Promise<MeshIdentity | undefined> {
    return (this.#known ??= this.#read().catch((error: unknown) => {
      this.#known = undefined
      throw error
    }))
  }

  /** @throws `notInMesh` */
  async require(): Promise<MeshIdentity> {
    const identity = await this.read()
    if (identity === undefined) throw fail('notInMesh')
    return identity
  }

  async #read(): Promise<MeshIdentity | undefined> {
    const jobs = await this.#catalog.open(JOBS).catch((error: unknown) => {
      if (error instanceof CouchError && error.status === 404) return undefined
      throw error
    })
    const stored = jobs && readInternalSetting<Partial<StoredIdentity>>(jobs, MESH_SETTING)
    if (stored?.sealed === undefined) return undefined
    const { mesh, member, introducer, sealed } = stored as StoredIdentity
    return { mesh, member, introducer, key: this.#box.open<MemberKey>(SECRET, sealed) }
  }

  async write(identity: MeshIdentity | undefined): Promise<void> {
    const jobs = await this.#catalog.open(JOBS)
    if (identity === undefined) {
      await writeInternalSetting(jobs, MESH_SETTING, {})
      this.#known = undefined
      return
    }
    const { key, ...shown } = identity
    const stored: StoredIdentity = { ...shown, sealed: this.#box.seal(SECRET, key) }
    await writeInternalSetting(jobs, MESH_SETTING, stored)
    this.#known = undefined
  }
}
