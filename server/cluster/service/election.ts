import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Catalog } from '../../database/catalog.ts'
import type { ReplicatedGroup } from '../group/group.ts'
import type { ReplicatedLog } from '../log/contract.ts'
import type { ClusterState } from './cluster-state.ts'

/** Work that the leader alone does: its jobs, and all that writes without a request. */
export interface LeaderWork {
  /** Begins it. What fails is told, and does not end the leadership. */
  begin(): Promise<void>
  /** Ends it. Idempotent. */
  end(): Promise<void>
}

export interface ElectionParts {
  readonly cluster: ClusterState
  readonly group: ReplicatedGroup
  readonly groupLog: ReplicatedLog
  readonly catalog: Catalog
  readonly work: LeaderWork
  readonly log: Logger
  /** Returns false while the node is being closed. */
  readonly mayFollow: () => boolean
}

/** Candidates begin within this time of each other, so that they do not all append at once. */
const JITTER_MS = 150

/** The part of the lease after which a leader that has nothing to append appends an empty entry. */
const RENEWAL = 1 / 3

/** Leads the group while it can, and follows otherwise. The lease decides only when to try: the log decides who leads. */
export class Election {
  readonly #parts: ElectionParts
  /** Beginnings and ends of the leader's work, one after the other. */
  #working: Promise<void> = Promise.resolve()
  #isWorking = false
  #jitterMs = 0

  constructor(parts: ElectionParts) {
    this.#parts = parts
  }

  /** Does what is due, and waits until there may be more to do. @throws where the log cannot be reached or followed */
  async turn(signal: AbortSignal): Promise<void> {
    const { group } = this.#parts
    if (group.isLeader) await this.#lead(signal)
    if (!group.isLeader) {
      await this.cease()
      if (this.#parts.mayFollow()) await this.#follow(signal)
    }
  }

  /** Ends the leader's work, where it runs. */
  async cease(): Promise<void> {
    if (!this.#isWorking) return
    this.#isWorking = false
    const { group, work, log, cluster } = this.#parts
    log.warn({ epoch: group.epoch, leader: cluster.leader?.node }, 'this node leads no longer')
    this.#then(() => work.end())
  }

  /** Waits for the leader's work to end. */
  async close(): Promise<void> {
    await this.cease()
    await this.#working
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const { group } = this.#parts
    const due = this.#lease * RENEWAL - group.sinceAppendedMs
    if (due > 0) await sleep(Math.min(due, POLL_MS), undefined, { signal }).catch(() => undefined)
    else await group.record([])
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { group, groupLog, catalog } = this.#parts
    await group.catchUp(catalog)
    if (this.#mayTry()) {
      await sleep(this.#jitterMs, undefined, { signal })
      if (await group.lead(catalog)) return this.#began()
      return
    }
    await groupLog.changed(signal)
  }

  /** A leader that resigned, or this node itself before its restart, is not waited for. */
  #mayTry(): boolean {
    const { group, cluster } = this.#parts
    const { leader } = group.place
    const isFree = leader === undefined || leader.node === cluster.settings.node
    this.#jitterMs = leader?.node === cluster.settings.node ? 0 : Math.random() * JITTER_MS
    return isFree || group.sinceHeardMs > this.#lease
  }

  #began(): void {
    const { group, work, log, cluster } = this.#parts
    log.warn({ epoch: group.epoch, position: group.position }, 'this node leads')
    cluster.counters.led += 1
    this.#isWorking = true
    this.#then(() => (group.isLeader ? work.begin() : Promise.resolve()))
  }

  #then(step: () => Promise<void>): void {
    this.#working = this.#working
      .then(step)
      .catch((error: unknown) => this.#parts.log.error({ err: error }, "the leader's work failed"))
  }

  get #lease(): number {
    return this.#parts.cluster.config.integer('cluster', 'lease')
  }
}

/** Longest time in which a leader does not notice that it leads no longer. */
const POLL_MS = 100
