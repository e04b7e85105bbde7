import type { Logger } from 'pino'
import { MemberHealth } from '../../protocol/mesh/member-health.ts'
import type { MeshMember, MeshState } from '../../protocol/mesh/members.ts'
import { Topology } from '../../protocol/mesh/topology.ts'
import type { MemberSigner } from '../../protocol/replication-endpoint.ts'
import type { MeshIdentity } from './identity.ts'
import type { MemberClient } from './member-client.ts'

export interface WatchParts {
  readonly client: MemberClient
  readonly timeoutMs: () => number
  readonly signer: (identity: MeshIdentity, audience: string) => MemberSigner
  readonly log: Logger
}

/** Watches who of a mesh answers, and derives from it whom this node pulls from. */
export class MeshWatch {
  readonly #parts: WatchParts
  readonly #health = new MemberHealth()
  #derived: { readonly state: MeshState; readonly topology: Topology } | undefined
  /** Reason why another member refuses this one; undefined while none does. */
  refusal: string | undefined

  constructor(parts: WatchParts) {
    this.#parts = parts
  }

  /** The members that are routed around. */
  get unreachable(): readonly string[] {
    return this.#health.unreachable
  }

  isReachable(id: string): boolean {
    return this.#health.isReachable(id)
  }

  /** Returns the members that this node pulls from. */
  neighbours(self: string, state: MeshState): string[] {
    return this.#topologyOf(state).neighbours(self, this.#health.isReachable)
  }

  /**
   * Asks those that are due whether they answer.
   *
   * @param others to be asked besides neighbours and gateways
   */
  async probe(
    identity: MeshIdentity,
    state: MeshState,
    members: ReadonlyMap<string, MeshMember>,
    signal: AbortSignal,
    others: readonly string[] = [],
  ): Promise<void> {
    this.#health.keepOnly(new Set(members.keys()))
    const { member: self } = identity
    const gateways = this.#topologyOf(state).watched(self, this.#health.isReachable)
    const due = this.#health.due(
      [...new Set([...this.neighbours(self, state), ...gateways, ...others])],
      performance.now(),
    )
    await Promise.all(due.map(id => this.#ask(members.get(id), id, identity, signal)))
  }

  async #ask(
    member: MeshMember | undefined,
    id: string,
    identity: MeshIdentity,
    signal: AbortSignal,
  ): Promise<void> {
    const answers = member !== undefined && (await this.#answers(member, identity, signal))
    if (signal.aborted) return
    const now = performance.now()
    const line = { member: id, url: member?.url }
    if (answers) {
      if (this.#health.answered(id, now)) this.#parts.log.info(line, 'a member answers again')
    } else if (this.#health.failed(id, now))
      this.#parts.log.warn(line, 'a member does not answer: it is routed around')
  }

  async #answers(member: MeshMember, identity: MeshIdentity, signal: AbortSignal): Promise<boolean> {
    const { client, signer, timeoutMs } = this.#parts
    const request = { method: 'POST', path: '_mesh/hello', json: { member: identity.member } } as const
    try {
      const by = signer(identity, member.id)
      const { status, value } = await client.ask(member.url, by, request, signal, timeoutMs())
      this.refusal = status === 401 || status === 403 ? String(value.reason) : undefined
      return status === 200 && value.member === member.id
    } catch {
      return false
    }
  }

  #topologyOf(state: MeshState): Topology {
    if (this.#derived?.state !== state)
      this.#derived = { state, topology: new Topology([...state.members.values()]) }
    return this.#derived.topology
  }
}
