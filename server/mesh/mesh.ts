import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { isDatabaseName } from '../../protocol/database-name.ts'
import { fail } from '../../protocol/errors.ts'
import { MemberHealth } from '../../protocol/mesh/member-health.ts'
import {
  isShared,
  memberDocumentId,
  type MeshMember,
  MESH_DOCUMENT,
  type MeshSettings,
  type MeshState,
  removedDocumentId,
} from '../../protocol/mesh/members.ts'
import { Topology } from '../../protocol/mesh/topology.ts'
import type { MemberSigner } from '../../protocol/replication-endpoint.ts'
import { wait } from '../../replicator/wait.ts'
import type { Config } from '../config/config.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { SecretBox } from '../credentials/secret-box.ts'
import type { Catalog } from '../database/catalog.ts'
import type { Replicator } from '../replication/replicator.ts'
import { HeldDatabases } from './held-databases.ts'
import { IdentityStore, makeKey, memberIdOf, type MeshIdentity } from './identity.ts'
import { Invitations } from './invitations.ts'
import { joinRequest, newcomerOf, type NewMember } from './joining.ts'
import { MemberClient } from './member-client.ts'
import { MemberList, MEMBERS } from './member-list.ts'
import { MeshJobs, type Pull } from './mesh-jobs.ts'
import { MeshSecurity } from './mesh-security.ts'
import { OpenRequests } from './open-requests.ts'
import { TokenCheck } from './token-check.ts'

/** A mesh that is to be made. */
export interface NewMesh extends Pick<MeshSettings, 'name' | 'databases' | 'users' | 'designDocuments'> {
  readonly member: NewMember
}

export interface MeshParts {
  readonly catalog: Catalog
  readonly config: Config
  readonly credentials: Credentials
  readonly secrets: SecretBox
  readonly replicator: Replicator
  readonly log: Logger
}

const TICK_MS = 1_000

/** This node's part in a mesh: independent nodes that replicate databases among each other. */
export class Mesh {
  readonly list: MemberList
  readonly invitations: Invitations
  readonly requests = new OpenRequests()
  readonly #parts: MeshParts
  readonly #identities: IdentityStore
  readonly #client: MemberClient
  readonly #jobs: MeshJobs
  readonly #security: MeshSecurity
  readonly #held: HeldDatabases
  readonly #check: TokenCheck
  #health = new MemberHealth()
  #topology: { readonly state: MeshState; readonly topology: Topology } | undefined
  #identity: Promise<MeshIdentity | undefined> | undefined
  #running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined
  /** Reason why another member refuses this one; undefined while none does. */
  #refusal: string | undefined

  constructor(parts: MeshParts) {
    const { catalog, credentials, secrets, replicator, config } = parts
    this.#parts = parts
    this.list = new MemberList(catalog)
    this.invitations = new Invitations(this.list)
    this.#identities = new IdentityStore(catalog, secrets)
    this.#client = new MemberClient(() => replicator.connections)
    this.#jobs = new MeshJobs(replicator)
    this.#security = new MeshSecurity(catalog, this.list)
    this.#held = new HeldDatabases(catalog, this.list)
    this.#check = new TokenCheck(() => ({
      lifetimeSeconds: config.integer('mesh', 'token_lifetime'),
      toleranceSeconds: config.integer('mesh', 'clock_tolerance'),
    }))
    credentials.signerFor = (member, url) => this.#signerAt(member, url)
  }

  /** @throws `notInMesh` */
  async identity(): Promise<MeshIdentity> {
    const identity = await this.#readIdentity()
    if (identity === undefined) throw fail('notInMesh')
    return identity
  }

  /** Makes a mesh with this node as its first member. @throws `alreadyInMesh` */
  async create({ name, databases, users, designDocuments, member }: NewMesh): Promise<MeshIdentity> {
    await this.#requireNone()
    const key = makeKey()
    const identity = {
      mesh: randomBytes(8).toString('hex'),
      member: memberIdOf(key.x),
      key,
      introducer: null,
    }
    await this.list.create()
    await this.list.write(MESH_DOCUMENT, {
      mesh: identity.mesh,
      name,
      databases,
      users,
      design_documents: designDocuments,
      created: new Date().toISOString(),
    })
    await this.list.write(memberDocumentId(identity.member), { ...member, key: key.x, holds: [] })
    await this.#enter(identity)
    return identity
  }

  /** Takes in a node that has an invitation of this one. @returns what the newcomer has to know, signed */
  async admit(asked: Readonly<Record<string, unknown>>): Promise<object> {
    const identity = await this.identity()
    const newcomer = await newcomerOf(asked, identity)
    const { members, removed } = await this.list.read()
    const self = members.get(identity.member)
    if (self === undefined || removed.has(newcomer.id)) throw fail('notInMesh')
    await this.invitations.use(newcomer.invitation)
    const { id, name, url, region, key } = newcomer
    await this.list.write(memberDocumentId(id), { name, url, region, key, holds: [] })
    this.#parts.log.info({ member: id, name, url }, 'a member joined the mesh')
    return {
      mesh: identity.mesh,
      introducer: { id: self.id, url: self.url, key: self.key },
      proof: await newcomer.answer(),
    }
  }

  /** Joins the mesh of the node at a URL. @throws `alreadyInMesh`, `joinRefused` */
  async join(at: string, token: string, member: NewMember): Promise<MeshIdentity> {
    await this.#requireNone()
    const signal = AbortSignal.timeout(this.#timeoutMs)
    const identity = await joinRequest(this.#client, { at, token, member }, signal, this.#timeoutMs)
    await this.list.create()
    await this.#enter(identity)
    return identity
  }

  /**
   * Removes a member for good: it loses access as each node learns of it.
   *
   * @param isOwnWish true where the member asks for it: the answer still reaches it
   * @throws `missing`
   */
  async remove(id: string, isOwnWish = false): Promise<void> {
    const { members } = await this.list.read()
    if (!members.has(id)) throw fail('missing')
    await this.list.write(removedDocumentId(id), { at: new Date().toISOString() })
    if (!isOwnWish) this.requests.end(id)
    this.#parts.log.info({ member: id }, 'a member was removed from the mesh')
  }

  /**
   * Leaves the mesh, which a member that answers has to know of. Databases stay, as they are.
   *
   * @param isForced leaves although no member answers: they have to remove this one
   * @throws `notInMesh`, `noMemberAnswers`
   */
  async leave(isForced: boolean): Promise<void> {
    const identity = await this.identity()
    const { members } = await this.list.read()
    const others = [...members.values()].filter(({ id }) => id !== identity.member)
    if (others.length > 0 && !(await this.#tellOthers(others, identity.member)) && !isForced)
      throw fail('noMemberAnswers')
    await this.#stop()
    await this.#identities.write(undefined)
    this.#identity = undefined
    await this.list.drop()
  }

  /** Returns what `GET /_mesh` answers. @throws `notInMesh` */
  async status(): Promise<object> {
    const identity = await this.identity()
    const { settings, members } = await this.list.read()
    const neighbours = new Set(await this.#neighbours(identity))
    return {
      name: settings?.name ?? null,
      mesh: identity.mesh,
      member: identity.member,
      databases: settings?.databases ?? [],
      users: settings?.users ?? false,
      design_documents: settings?.designDocuments ?? true,
      refused: this.#refusal ?? null,
      members: [...members.values()].map(member => ({
        id: member.id,
        name: member.name,
        url: member.url,
        region: member.region,
        holds: member.holds,
        self: member.id === identity.member,
        answers: member.id === identity.member || this.#health.isReachable(member.id),
        pulled: neighbours.has(member.id),
        jobs: this.#jobs.statesOf(member.id),
      })),
    }
  }

  /** Returns the other members that hold a database; none of a node without a mesh. */
  async holdersOf(database: string): Promise<readonly MeshMember[]> {
    const identity = await this.#readIdentity()
    if (identity === undefined) return []
    const { members } = await this.list.read()
    return [...members.values()].filter(({ id, holds }) => id !== identity.member && holds.includes(database))
  }

  /** Returns the member that a request's token proves. @throws `unauthorized` */
  async authenticate(token: string, request: { method: string; target: string }): Promise<MeshMember> {
    const identity = await this.#readIdentity()
    if (identity === undefined) throw fail('unauthorized', 'This node is in no mesh.')
    const members = await this.#knownMembers(identity)
    return this.#check.check(token, request, identity, members)
  }

  /** Returns whether the mesh shares a database. */
  async shares(database: string): Promise<boolean> {
    const { settings } = await this.list.read()
    return settings !== undefined && isShared(settings, database)
  }

  /** Goes on with the mesh that this node is in. */
  async start(): Promise<void> {
    if (this.#running !== undefined || (await this.#readIdentity()) === undefined) return
    const stop = new AbortController()
    this.#held.start()
    this.#running = { stop, done: this.#run(stop.signal) }
  }

  /** Ends jobs and questions; idempotent. */
  async pause(): Promise<void> {
    await this.#stop()
  }

  async #enter(identity: MeshIdentity): Promise<void> {
    await this.#identities.write(identity)
    this.#identity = undefined
    this.#refusal = undefined
    this.#health = new MemberHealth()
    await this.start()
  }

  async #stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    running?.stop.abort()
    await running?.done
    this.#held.stop()
    await this.#jobs.close()
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#tick(signal)
      } catch (error) {
        if (!signal.aborted) this.#parts.log.warn({ err: error }, 'the mesh could not be looked at')
      }
      await wait(TICK_MS, signal).catch(() => undefined)
    }
  }

  async #tick(signal: AbortSignal): Promise<void> {
    const identity = await this.identity()
    const state = await this.list.read()
    const members = await this.#knownMembers(identity)
    this.#health.keepOnly(new Set(members.keys()))
    for (const id of state.removed) this.requests.end(id)
    await this.#probe(identity, members, signal)
    const { settings } = state
    const self = state.members.get(identity.member)
    if (settings !== undefined && self !== undefined) {
      await this.#held.publish(self, settings)
      await this.#security.look(await this.#held.names(settings), state)
    }
    if (signal.aborted) return
    const pulls = await this.#wantedPulls(identity, state, members)
    await this.#jobs.reconcile(pulls, settings ?? NO_SETTINGS)
  }

  /** The members that are known of: until their list is here, the one that this node joined by. */
  async #knownMembers({ introducer }: MeshIdentity): Promise<ReadonlyMap<string, MeshMember>> {
    const { members, settings } = await this.list.read()
    if (introducer === null || settings !== undefined) return members
    return new Map([
      [introducer.id, { ...introducer, name: '', region: '', holds: [], partitioned: [] }],
      ...members,
    ])
  }

  async #neighbours({ member: self }: MeshIdentity): Promise<string[]> {
    const state = await this.list.read()
    if (this.#topology?.state !== state)
      this.#topology = { state, topology: new Topology([...state.members.values()]) }
    return this.#topology.topology.neighbours(self, this.#health.isReachable)
  }

  async #probe(
    identity: MeshIdentity,
    members: ReadonlyMap<string, MeshMember>,
    signal: AbortSignal,
  ): Promise<void> {
    const neighbours = await this.#neighbours(identity)
    const gateways = this.#topology?.topology.watched(identity.member, this.#health.isReachable) ?? []
    const due = this.#health.due([...neighbours, ...gateways], performance.now())
    await Promise.all(
      due.map(async id => {
        const member = members.get(id)
        const answers = member !== undefined && (await this.#answers(member, identity, signal))
        if (signal.aborted) return
        const now = performance.now()
        const changed = answers ? this.#health.answered(id, now) : this.#health.failed(id, now)
        if (changed)
          this.#parts.log[answers ? 'info' : 'warn'](
            { member: id, url: member?.url },
            answers ? 'a member answers again' : 'a member does not answer: it is routed around',
          )
      }),
    )
  }

  async #answers(member: MeshMember, identity: MeshIdentity, signal: AbortSignal): Promise<boolean> {
    const request = { method: 'POST', path: '_mesh/hello', json: { member: identity.member } } as const
    try {
      const { status, value } = await this.#client.ask(
        member.url,
        this.#signer(identity, member.id),
        request,
        signal,
        this.#timeoutMs,
      )
      this.#refusal = status === 401 || status === 403 ? String(value.reason) : undefined
      return status === 200 && value.member === member.id
    } catch {
      return false
    }
  }

  async #wantedPulls(
    identity: MeshIdentity,
    { members, settings }: MeshState,
    known: ReadonlyMap<string, MeshMember>,
  ): Promise<Pull[]> {
    // Before the list of members is here there are no neighbours but the one that took this node in.
    if (settings === undefined) return [...known.values()].map(member => ({ member, database: MEMBERS }))
    const pulls: Pull[] = []
    const self = members.get(identity.member)
    for (const id of self === undefined ? [] : await this.#neighbours(identity)) {
      const member = members.get(id)!
      pulls.push({ member, database: MEMBERS })
      for (const database of member.holds)
        if (
          isDatabaseName(database) &&
          isShared(settings, database) &&
          (await this.#held.wants(member, database))
        )
          pulls.push({ member, database })
    }
    return pulls
  }

  async #tellOthers(others: readonly MeshMember[], self: string): Promise<boolean> {
    const identity = await this.identity()
    const request = { method: 'DELETE', path: `_mesh/members/${self}` } as const
    const signal = AbortSignal.timeout(this.#timeoutMs * 2)
    for (const other of others) {
      const answer = await this.#client
        .ask(other.url, this.#signer(identity, other.id), request, signal, this.#timeoutMs)
        .catch(() => undefined)
      if (answer?.status === 200 || answer?.status === 401) return true
    }
    return false
  }

  /** Returns the signer for a member by its id, where a URL is its own. */
  async #signerAt(id: string, url: string): Promise<MemberSigner | undefined> {
    const identity = await this.#readIdentity()
    if (identity === undefined) return undefined
    const member = (await this.#knownMembers(identity)).get(id)
    return member !== undefined && url.startsWith(`${member.url}/`) ? this.#signer(identity, id) : undefined
  }

  #signer({ mesh, member, key }: MeshIdentity, audience: string): MemberSigner {
    const lifetimeSeconds = this.#parts.config.integer('mesh', 'token_lifetime')
    return { mesh, member, audience, key, lifetimeSeconds }
  }

  get #timeoutMs(): number {
    return this.#parts.config.integer('mesh', 'answer_timeout')
  }

  #readIdentity(): Promise<MeshIdentity | undefined> {
    return (this.#identity ??= this.#identities.read().catch((error: unknown) => {
      this.#identity = undefined
      throw error
    }))
  }

  async #requireNone(): Promise<void> {
    if ((await this.#readIdentity()) !== undefined) throw fail('alreadyInMesh')
  }
}

const NO_SETTINGS: MeshSettings = { id: '', name: '', databases: [], users: false, designDocuments: true }
