import type { Logger } from 'pino'
import { isDatabaseName } from '../../protocol/database-name.ts'
import { fail } from '../../protocol/errors.ts'
import { isShared, type MeshMember, type MeshSettings, type MeshState } from '../../protocol/mesh/members.ts'
import type { MemberSigner } from '../../protocol/replication-endpoint.ts'
import { wait } from '../../replicator/wait.ts'
import type { Config } from '../config/config.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { SecretBox } from '../credentials/secret-box.ts'
import type { Catalog } from '../database/catalog.ts'
import type { Replicator } from '../replication/replicator.ts'
import { HeldDatabases } from './held-databases.ts'
import { IdentityStore, type MeshIdentity } from './identity.ts'
import type { NewMember } from './joining.ts'
import { MemberClient } from './member-client.ts'
import { MemberList, MEMBERS } from './member-list.ts'
import { Membership, type NewMesh } from './membership.ts'
import { MeshJobs, type Pull } from './mesh-jobs.ts'
import { MeshSecurity } from './mesh-security.ts'
import { MeshWatch } from './mesh-watch.ts'
import { OpenRequests } from './open-requests.ts'
import { PassiveMembers } from './passive-members.ts'
import { type Holder, Quorum } from './quorum.ts'
import { TokenCheck } from './token-check.ts'

export interface MeshParts {
  readonly catalog: Catalog
  readonly config: Config
  readonly credentials: Credentials
  readonly secrets: SecretBox
  readonly replicator: Replicator
  readonly log: Logger
}

const TICK_MS = 1_000
const NO_SETTINGS: MeshSettings = { id: '', name: '', databases: [], users: false, designDocuments: true }

/** Part of this node in a mesh: independent nodes that replicate databases among each other. */
export class Mesh {
  readonly membership: Membership
  readonly client: MemberClient
  readonly requests = new OpenRequests()
  readonly quorum: Quorum
  readonly passive: PassiveMembers
  readonly #parts: MeshParts
  readonly #list: MemberList
  readonly #identities: IdentityStore
  readonly #jobs: MeshJobs
  readonly #security: MeshSecurity
  readonly #held: HeldDatabases
  readonly #check: TokenCheck
  #watch: MeshWatch
  #running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined

  constructor(parts: MeshParts) {
    const { catalog, credentials, secrets, replicator, config } = parts
    this.#parts = parts
    this.#list = new MemberList(catalog)
    this.#identities = new IdentityStore(catalog, secrets)
    this.client = new MemberClient(() => replicator.connections)
    this.#jobs = new MeshJobs(replicator)
    this.#security = new MeshSecurity(catalog, this.#list)
    this.#held = new HeldDatabases(catalog, this.#list)
    this.#check = new TokenCheck(() => ({
      lifetimeSeconds: config.integer('mesh', 'token_lifetime'),
      toleranceSeconds: config.integer('mesh', 'clock_tolerance'),
    }))
    this.membership = new Membership({
      ...this.#shared,
      joinTimeoutMs: () => config.integer('mesh', 'join_timeout'),
      list: this.#list,
      identities: this.#identities,
    })
    this.#watch = new MeshWatch(this.#shared)
    const connections = () => replicator.connections
    this.passive = new PassiveMembers({
      ...this.#shared,
      ...{ list: this.#list, held: this.#held, credentials, connections },
    })
    this.quorum = new Quorum({
      ...{ config, connections, credentials },
      holdersOf: database => this.holdersOf(database),
      signerFor: member => this.signerFor(member),
    })
    credentials.signerFor = (member, url) => this.#signerAt(member, url)
  }

  /** Milliseconds within which a member answers, or counts as not there. */
  get timeoutMs(): number {
    return this.#parts.config.integer('mesh', 'answer_timeout')
  }

  /** @throws `notInMesh` */
  identity(): Promise<MeshIdentity> {
    return this.#identities.require()
  }

  /** Makes a mesh with this node as its first member. @throws `alreadyInMesh` */
  async create(made: NewMesh): Promise<MeshIdentity> {
    return this.#entered(await this.membership.create(made))
  }

  /** Joins the mesh of the node at a URL. @throws `alreadyInMesh`, `joinRefused` */
  async join(at: string, token: string, member: NewMember): Promise<MeshIdentity> {
    return this.#entered(await this.membership.join(at, token, member))
  }

  /**
   * Removes a member for good: it loses access as each node learns of it.
   *
   * @param isOwnWish true where the member asks for it: the answer still reaches it
   * @throws `missing`
   */
  async remove(id: string, isOwnWish = false): Promise<void> {
    await this.membership.remove(id)
    if (!isOwnWish) this.requests.end(id)
  }

  /**
   * Leaves the mesh, which a member that answers has to know of. Databases stay, as they are.
   *
   * @param isForced leaves although no member answers: they have to remove this one
   * @throws `notInMesh`, `noMemberAnswers`
   */
  async leave(isForced: boolean): Promise<void> {
    if (!(await this.membership.announceLeaving()) && !isForced) throw fail('noMemberAnswers')
    await this.pause()
    await this.membership.forget()
  }

  /** Returns what `GET /_mesh` answers. @throws `notInMesh` */
  async status(): Promise<object> {
    const { mesh, member: self } = await this.identity()
    const state = await this.#list.read()
    const { settings, members } = state
    const neighbours = new Set(this.#watch.neighbours(self, state))
    return {
      name: settings?.name ?? null,
      mesh,
      member: self,
      databases: settings?.databases ?? [],
      users: settings?.users ?? false,
      design_documents: settings?.designDocuments ?? true,
      refused: this.#watch.refusal ?? null,
      members: [...members.values()].map(({ id, name, url, region, holds }) => ({
        ...{ id, name, url, region, holds },
        self: id === self,
        answers: id === self || this.#watch.isReachable(id),
        pulled: neighbours.has(id),
        jobs: this.#jobs.statesOf(id),
      })),
      passive: this.passive.describe(self, state, id => this.#jobs.statesOf(id)),
    }
  }

  /** Returns numbers for metrics; zeros of a node that is in no mesh. */
  async counts(): Promise<Record<'members' | 'unreachable' | 'refused' | 'jobs', number>> {
    const { members } = await this.#list.read()
    const refused = this.#watch.refusal === undefined ? 0 : 1
    const { unreachable } = this.#watch
    return { members: members.size, unreachable: unreachable.length, refused, jobs: this.#jobs.size }
  }

  /** Returns the other members that hold a database; none of a node without a mesh. */
  async holdersOf(database: string): Promise<readonly Holder[]> {
    const identity = await this.#identities.read()
    if (identity === undefined) return []
    const state = await this.#list.read()
    const { member: self } = identity
    const active = [...state.members.values()].filter(
      ({ id, holds }) => id !== self && holds.includes(database),
    )
    return [...active, ...this.passive.holdersOf(self, state, database)]
  }

  /** Returns the member that a request's token proves. @throws `unauthorized` */
  async authenticate(token: string, request: { method: string; target: string }): Promise<MeshMember> {
    const identity = await this.#identities.read()
    if (identity === undefined) throw fail('unauthorized', 'This node is in no mesh.')
    return this.#check.check(token, request, identity, await this.#knownMembers(identity))
  }

  /** Returns whether the mesh shares a database. */
  async shares(database: string): Promise<boolean> {
    const { settings } = await this.#list.read()
    return settings !== undefined && isShared(settings, database)
  }

  /** Returns the signer of requests to a member. @throws `notInMesh` */
  async signerFor(member: string): Promise<MemberSigner> {
    return this.#signer(await this.identity(), member)
  }

  /** Goes on with the mesh that this node is in. */
  async start(): Promise<void> {
    if (this.#running !== undefined || (await this.#identities.read()) === undefined) return
    const stop = new AbortController()
    this.#watch = new MeshWatch(this.#shared)
    this.#held.start()
    this.#running = { stop, done: this.#run(stop.signal) }
  }

  /** Ends jobs and questions; idempotent. */
  async pause(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    running?.stop.abort()
    await running?.done
    this.#held.stop()
    await this.#jobs.close()
  }

  async #entered(identity: MeshIdentity): Promise<MeshIdentity> {
    await this.start()
    return identity
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
    const state = await this.#list.read()
    const members = await this.#knownMembers(identity)
    for (const id of state.removed) this.requests.end(id)
    const hosts = this.passive.watched(identity.member, state)
    await this.#watch.probe(identity, state, members, signal, hosts)
    const { settings } = state
    const self = state.members.get(identity.member)
    if (settings !== undefined && self !== undefined) {
      await this.#held.publish(self, settings)
      await this.#security.look(await this.#held.names(settings), state)
    }
    if (signal.aborted) return
    await this.#jobs.reconcile(await this.#wantedPulls(identity, state, members), settings ?? NO_SETTINGS)
  }

  /** The members that are known of: until their list is here, the one that this node joined by. */
  async #knownMembers({ introducer }: MeshIdentity): Promise<ReadonlyMap<string, MeshMember>> {
    const { members, settings } = await this.#list.read()
    if (introducer === null || settings !== undefined) return members
    const known = { ...introducer, name: '', region: '', holds: [], partitioned: [] }
    return new Map([[introducer.id, known], ...members])
  }

  async #wantedPulls(
    { member: self }: MeshIdentity,
    state: MeshState,
    known: ReadonlyMap<string, MeshMember>,
  ): Promise<Pull[]> {
    const { members, settings } = state
    // Before the list of members is here there are no neighbours but the one that took this node in.
    if (settings === undefined) return [...known.values()].map(member => ({ member, database: MEMBERS }))
    const pulls: Pull[] = []
    for (const id of this.#watch.neighbours(self, state)) {
      const member = members.get(id)!
      pulls.push({ member, database: MEMBERS })
      for (const database of member.holds)
        if (isDatabaseName(database) && isShared(settings, database))
          if (await this.#held.wants(member, database)) pulls.push({ member, database })
    }
    return [...pulls, ...(await this.passive.pulls(self, state, id => this.#watch.isReachable(id)))]
  }

  /** Returns the signer for a member by its id, where a URL is its own. */
  async #signerAt(id: string, url: string): Promise<MemberSigner | undefined> {
    const identity = await this.#identities.read()
    const member = identity && (await this.#knownMembers(identity)).get(id)
    if (identity === undefined || member === undefined) return undefined
    return url.startsWith(`${member.url}/`) ? this.#signer(identity, id) : undefined
  }

  #signer({ mesh, member, key }: MeshIdentity, audience: string): MemberSigner {
    const lifetimeSeconds = this.#parts.config.integer('mesh', 'token_lifetime')
    return { mesh, member, audience, key, lifetimeSeconds }
  }

  get #shared() {
    const signer = (identity: MeshIdentity, audience: string): MemberSigner =>
      this.#signer(identity, audience)
    return { client: this.client, timeoutMs: () => this.timeoutMs, signer, log: this.#parts.log }
  }
}
