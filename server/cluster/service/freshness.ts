import { CouchError, fail } from '../../../protocol/errors.ts'
import type { ClusterState } from './cluster-state.ts'
import { askNode, NODE_PATHS } from '../nodes/node-client.ts'

type AskedState = Pick<
  ClusterState,
  | 'config'
  | 'counters'
  | 'signature'
  | 'address'
  | 'group'
  | 'isLeader'
  | 'leader'
  | 'stopped'
  | 'provenPosition'
>

/** Keeps a node's promise that what it says is missing is missing at the leader, too. */
export class Freshness {
  readonly #cluster: AskedState
  /** The question that the next ones may share, as it was not sent yet. */
  #next: Promise<number> | undefined
  #last: Promise<unknown> = Promise.resolve()
  /** The leader's position that was heard of last, and by `performance.now()` when this node last stood there. */
  #heard: { readonly position: number; readonly at: number } | undefined
  #currentAt = performance.now()

  constructor(cluster: AskedState) {
    this.#cluster = cluster
  }

  get lagMs(): number {
    if (this.#cluster.isLeader && this.#isLeaseValid) this.#currentAt = performance.now()
    const position = this.#cluster.group?.position ?? 0
    if (this.#heard !== undefined && position >= this.#heard.position)
      this.#currentAt = Math.max(this.#currentAt, this.#heard.at)
    return performance.now() - this.#currentAt
  }

  /** Notes where the leader stood at a time, by `performance.now()`. */
  heard(position: number, at: number): void {
    // An earlier position that was reached meanwhile counts.
    void this.lagMs
    this.#heard = { position, at }
  }

  /**
   * Catches up with the leader as it is now. A leader whose lease holds has everything, but for the append in progress.
   *
   * @throws `noLeader`
   */
  async catchUp(): Promise<void> {
    const { isLeader, group } = this.#cluster
    if (isLeader && this.#isLeaseValid && (await group?.whenWritten()) === true) return
    await this.whenApplied(await this.#position())
  }

  /** Catches up, and has a leader prove that it leads, whatever its clock says. @throws `noLeader` */
  async prove(): Promise<void> {
    await this.whenApplied(await this.#position())
  }

  /** @throws `noLeader` where the position is not applied in time */
  async whenApplied(position: number): Promise<void> {
    const { group, config } = this.#cluster
    if (group === undefined) throw fail('noLeader')
    if (group.position >= position) return
    const signal = AbortSignal.timeout(config.integer('cluster', 'read_timeout'))
    await group.whenApplied(position, signal).catch(() => {
      throw fail('noLeader')
    })
  }

  /** One question for all who ask until it is sent. */
  #position(): Promise<number> {
    if (this.#next !== undefined) return this.#next
    const asked = this.#last.then(() => {
      this.#next = undefined
      return this.#ask()
    })
    this.#next = asked
    this.#last = asked.catch(() => undefined)
    return asked
  }

  async #ask(): Promise<number> {
    this.#cluster.counters.catchUps += 1
    const until = performance.now() + this.#cluster.config.integer('cluster', 'read_timeout')
    for (;;) {
      try {
        return await this.#askOnce()
      } catch (error) {
        if (error instanceof CouchError && performance.now() > until) throw error
        if (performance.now() > until || this.#cluster.stopped !== undefined) throw fail('noLeader')
        await new Promise(resolve => setTimeout(resolve, ASK_AGAIN_MS))
      }
    }
  }

  async #askOnce(): Promise<number> {
    const { isLeader, leader, signature, address } = this.#cluster
    if (isLeader) return this.#cluster.provenPosition()
    if (leader === undefined || leader.node === address.node) throw fail('noLeader')
    const at = performance.now()
    const signal = AbortSignal.timeout(ASK_TIMEOUT_MS)
    const { position } = await askNode(signature, leader.url, NODE_PATHS.position, { signal })
    this.heard(position, at)
    return position
  }

  /** No other node leads before the lease of the last append is over. */
  get #isLeaseValid(): boolean {
    const { group, config } = this.#cluster
    return group !== undefined && group.sinceAppendedMs < config.integer('cluster', 'lease')
  }
}

const ASK_AGAIN_MS = 100
/** A leader that was stopped does not answer: the next question goes to the next leader. */
const ASK_TIMEOUT_MS = 2000
