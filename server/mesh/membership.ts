import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { fail } from '../../protocol/errors.ts'
import {
  memberDocumentId,
  type MeshMember,
  MESH_DOCUMENT,
  type MeshSettings,
  removedDocumentId,
} from '../../protocol/mesh/members.ts'
import type { MemberSigner } from '../../protocol/replication-endpoint.ts'
import { type IdentityStore, makeKey, memberIdOf, type MeshIdentity } from './identity.ts'
import { Invitations } from './invitations.ts'
import { joinRequest, newcomerOf, type NewMember } from './joining.ts'
import type { MemberClient } from './member-client.ts'
import type { MemberList } from './member-list.ts'

/** A mesh that is to be made. */
export interface NewMesh extends Pick<MeshSettings, 'name' | 'databases' | 'users' | 'designDocuments'> {
  readonly member: NewMember
}

export interface MembershipParts {
  readonly list: MemberList
  readonly identities: IdentityStore
  readonly client: MemberClient
  readonly timeoutMs: () => number
  readonly joinTimeoutMs: () => number
  readonly signer: (identity: MeshIdentity, audience: string) => MemberSigner
  readonly log: Logger
}

/** Makes meshes, and takes members in and out. */
export class Membership {
  readonly invitations: Invitations
  readonly #parts: MembershipParts

  constructor(parts: MembershipParts) {
    this.#parts = parts
    this.invitations = new Invitations(parts.list)
  }

  /** Makes a mesh with this node as its first member. @throws `alreadyInMesh` */
  async create({ name, databases, users, designDocuments, member }: NewMesh): Promise<MeshIdentity> {
    await this.#requireNone()
    const { list, identities } = this.#parts
    const key = makeKey()
    const mesh = randomBytes(8).toString('hex')
    const identity = { mesh, member: memberIdOf(key.x), key, introducer: null }
    const settings = { mesh, name, databases, users, design_documents: designDocuments }
    await list.create()
    await list.write(MESH_DOCUMENT, { ...settings, created: new Date().toISOString() })
    await list.write(memberDocumentId(identity.member), { ...member, key: key.x, holds: [] })
    await identities.write(identity)
    return identity
  }

  /**
   * Takes in a node that has an invitation of this one.
   *
   * @returns what the newcomer has to know, signed
   * @throws `notInMesh`, `unauthorized`, `bad_request`
   */
  async admit(asked: Readonly<Record<string, unknown>>): Promise<object> {
    const { list, identities, log } = this.#parts
    const identity = await identities.require()
    const newcomer = await newcomerOf(asked, identity)
    const { members, removed } = await list.read()
    const self = members.get(identity.member)
    if (self === undefined || removed.has(newcomer.id)) throw fail('notInMesh')
    await this.invitations.use(newcomer.invitation)
    const { id, name, url, region, key } = newcomer
    await list.write(memberDocumentId(id), { name, url, region, key, holds: [] })
    log.info({ member: id, name, url }, 'a member joined the mesh')
    const introducer = { id: self.id, url: self.url, key: self.key }
    return { mesh: identity.mesh, introducer, proof: await newcomer.answer() }
  }

  /** Joins the mesh of the node at a URL. @throws `alreadyInMesh`, `joinRefused` */
  async join(at: string, token: string, member: NewMember): Promise<MeshIdentity> {
    await this.#requireNone()
    const { list, identities, client, joinTimeoutMs } = this.#parts
    const timeoutMs = joinTimeoutMs()
    const signal = AbortSignal.timeout(timeoutMs)
    const identity = await joinRequest(client, { at, token, member }, signal, timeoutMs)
    await list.create()
    await identities.write(identity)
    return identity
  }

  /** @throws `missing` */
  async remove(id: string): Promise<void> {
    const { list, log } = this.#parts
    const { members } = await list.read()
    if (!members.has(id)) throw fail('missing')
    await list.write(removedDocumentId(id), { at: new Date().toISOString() })
    log.info({ member: id }, 'a member was removed from the mesh')
  }

  /**
   * Tells a member that answers that this one leaves.
   *
   * @returns false if others are there, and none answers
   * @throws `notInMesh`
   */
  async announceLeaving(): Promise<boolean> {
    const { list, identities, client, signer, timeoutMs } = this.#parts
    const identity = await identities.require()
    const { members } = await list.read()
    const others = [...members.values()].filter(({ id }) => id !== identity.member)
    const request = { method: 'DELETE', path: `_mesh/members/${identity.member}` } as const
    const signal = AbortSignal.timeout(timeoutMs() * 2)
    const tell = ({ id, url }: MeshMember): Promise<number> =>
      client.ask(url, signer(identity, id), request, signal, timeoutMs()).then(
        ({ status }) => status,
        () => 0,
      )
    for (const other of others) if ([200, 401].includes(await tell(other))) return true
    return others.length === 0
  }

  /** Forgets the mesh; databases stay. */
  async forget(): Promise<void> {
    await this.#parts.identities.write(undefined)
    await this.#parts.list.drop()
  }

  async #requireNone(): Promise<void> {
    if ((await this.#parts.identities.read()) !== undefined) throw fail('alreadyInMesh')
  }
}
