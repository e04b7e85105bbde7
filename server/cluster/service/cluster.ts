import { setTimeout as sleep } from 'node:timers/promises'
import { fail } from '../../../protocol/errors.ts'
import type { Config } from '../../config/config.ts'
import type { ReplicatedChange } from '../../database/replication-hook.ts'
import type { StoreBatch } from '../../storage/store.ts'
import type { GroupChange, SettingChange } from '../entry/change.ts'
import { ReplicatedGroup } from '../group/group.ts'
import type { NodeAddress } from '../group/place.ts'
import type { ReplicatedLog } from '../log/contract.ts'
import type { ClusterParts, ClusterStart } from './cluster-parts.ts'
import type { ClusterState } from './cluster-state.ts'
import type { ClusterSettings } from './cluster-settings.ts'
import { Counters } from './counters.ts'
import { stopReason } from './stop-reason.ts'
import { CredentialsKey } from './credentials-key.ts'
import { Election } from './election.ts'
import { ClusterJobs } from './cluster-jobs.ts'
import { Freshness } from './freshness.ts'
import { JobNodes } from './job-nodes.ts'
import { LeadershipSignal } from './leadership-signal.ts'
import { LeaderWrites } from './leader-writes.ts'
import { Members } from './members.ts'
import { beginNode } from '../snapshot/begin-node.ts'
import { Snapshots } from '../snapshot/snapshots.ts'
import { Trimmer } from './trimmer.ts'
import { ClusterSignature } from '../nodes/signature.ts'

/** Milliseconds between two attempts to reach the log. */
const RETRY_MS = 300

/** This server as a node of a cluster: it follows the log of its group, and leads where no other does. */
export class Cluster implements ClusterState {
  readonly settings: ClusterSettings
  readonly config: Config
  readonly counters = new Counters()
  readonly signature: ClusterSignature
  /** Signal that ends what was forwarded to the leader and has no answer yet. */
  readonly leadership = new LeadershipSignal()
  readonly jobNodes: JobNodes
  /** Jobs that other members run. */
  readonly jobs: ClusterJobs
  /** Writes of this node that the leader carries out. */
  readonly leaderWrites: LeaderWrites
  readonly #parts: ClusterParts
  readonly #stop = new AbortController()
  #log: ReplicatedLog | undefined
  #group: ReplicatedGroup | undefined
  #running: Promise<void> = Promise.resolve()
  #election: Election | undefined
  #members: Members | undefined
  #freshness: Freshness | undefined
  #trimmer: Trimmer | undefined
  #snapshots: Snapshots | undefined
  #started: ClusterStart | undefined
  #isEnding = false
  /** The sentence that says why this node follows the log no longer, and needs a person. */
  #stopped: string | undefined
  /** Why the log cannot be reached now. */
  #unreachable: string | undefined

  constructor(parts: ClusterParts) {
    this.#parts = parts
    this.settings = parts.settings
    this.config = parts.config
    this.signature = new ClusterSignature(parts.settings.secret, parts.authorities)
    this.jobNodes = new JobNodes(this, () => this.#members?.list() ?? [])
    this.jobs = new ClusterJobs(this, this.jobNodes)
    this.leaderWrites = new LeaderWrites(this)
  }

  /** Has a node without databases copy those of another. @throws {StartError} where it cannot */
  async begin(data: string): Promise<void> {
    const { settings, log, config, cipher } = this.#parts
    const openLog = async (): Promise<ReplicatedLog> => (this.#log ??= await this.#parts.openLog())
    await beginNode({ node: settings.node, signature: this.signature, data, log, config, cipher, openLog })
  }

  /** Begins to follow the log. Resolves at once: the log may not be there yet. */
  start(parts: ClusterStart): void {
    const { copies } = parts
    if (copies !== undefined)
      this.#snapshots = new Snapshots({ copies, config: this.config, group: () => this.#group })
    this.#started = parts
    this.#running = this.#run(parts)
    this.jobNodes.start()
  }

  /** The server's parts that a node works with; undefined before it listens. */
  get started(): ClusterStart | undefined {
    return this.#started
  }

  /** Name and URL of this node. */
  get address(): NodeAddress {
    return { node: this.settings.node, url: this.#started?.url ?? '' }
  }

  /** The group's state; undefined until the log was read for the first time. */
  get group(): ReplicatedGroup | undefined {
    return this.#group
  }

  get isLeader(): boolean {
    return this.#group?.isLeader === true
  }

  /** The leader as far as this node knows; undefined where there is none. */
  get leader(): NodeAddress | undefined {
    return this.isLeader ? this.address : this.#group?.place.leader
  }

  get stopped(): string | undefined {
    return this.#stopped
  }

  get unreachable(): string | undefined {
    return this.#unreachable
  }

  get members(): Members | undefined {
    return this.#members
  }

  get snapshots(): Snapshots | undefined {
    return this.#snapshots
  }

  get trimmer(): Trimmer | undefined {
    return this.#trimmer
  }

  /** Milliseconds since this node last had everything that the leader had; 0 for the leader. */
  get lagMs(): number {
    return this.#freshness?.lagMs ?? Infinity
  }

  /** Makes changes durable in the log: a hook of the catalog's databases. @throws `notLeader`, `logUnavailable` */
  replicate(changes: readonly ReplicatedChange[], batch: StoreBatch): Promise<void> {
    return this.#group === undefined
      ? Promise.reject(fail('notLeader'))
      : this.#group.replicate(changes, batch)
  }

  /** Catches up with the leader, or proves that this node leads. @throws `noLeader` where that takes too long */
  async catchUp(): Promise<void> {
    if (this.#freshness === undefined) throw fail('noLeader')
    await this.#freshness.catchUp()
  }

  /** Catches up for a read that must be fresh: a leader proves that it leads. @throws `noLeader` */
  async refresh(): Promise<void> {
    if (this.#freshness === undefined) throw fail('noLeader')
    await this.#freshness.prove()
  }

  /** Notes where the leader stood at a time, by `performance.now()`. */
  heard(position: number, at: number): void {
    this.#freshness?.heard(position, at)
  }

  /** Waits until this node has applied a position. @throws `noLeader` where that takes too long */
  async whenApplied(position: number): Promise<void> {
    if (this.#freshness === undefined) throw fail('noLeader')
    await this.#freshness.whenApplied(position)
  }

  /** Returns the position that a follower must reach to have everything until now. @throws `notLeader` */
  async provenPosition(): Promise<number> {
    if (this.#group === undefined || !this.isLeader) throw fail('notLeader')
    await this.#group.confirm()
    return this.#group.position
  }

  /** Appends a change of the cluster itself. @throws `notLeader`, `logUnavailable` */
  async record(change: GroupChange): Promise<void> {
    if (this.#group === undefined) throw fail('notLeader')
    await this.#group.record([change])
  }

  /** Applies nothing more, as the databases are being closed; a leader goes on. Idempotent. */
  async stopFollowing(): Promise<void> {
    this.#isEnding = true
    this.jobNodes.close()
    await this.#trimmer?.close()
    await this.#members?.close()
    if (this.isLeader) return
    this.#stop.abort()
    await this.#running
  }

  /**
   * Sets a setting on all nodes, or takes it back to its default; resolves when it holds here.
   *
   * @param value undefined for the default
   * @throws `notLeader`, `logUnavailable`; `bad_request` for a value that the setting does not take
   */
  async set(section: string, key: string, value: string | undefined, { persist = true } = {}): Promise<void> {
    const kept = value === undefined ? null : await this.config.prepare(section, key, value)
    await this.record({ kind: 'setting', section, key, value: kept, persist })
  }

  /** Gives up the leadership in order. Idempotent. */
  async close(): Promise<void> {
    if (this.isLeader) await this.record({ kind: 'resign' }).catch(() => undefined)
    this.#stop.abort()
    await this.#trimmer?.close()
    await this.#members?.close()
    await this.#running
    await this.#election?.close()
    await this.#log?.close()
  }

  async #run(parts: ClusterStart): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted && this.#stopped === undefined && (this.isLeader || !this.#isEnding)) {
      try {
        const election = (this.#election ??= await this.#open(parts))
        await election.turn(signal)
        this.#reached()
      } catch (error) {
        if (!signal.aborted) await this.#failed(error)
      }
    }
    await this.#election?.cease()
  }

  async #open({ store, content, catalog, work, version, secrets }: ClusterStart): Promise<Election> {
    const { config, log, cipher } = this.#parts
    this.#log ??= await this.#parts.openLog()
    const group = await ReplicatedGroup.open({
      store,
      content,
      log: this.#log,
      cipher,
      node: this.address,
      signal: this.#stop.signal,
      appendTimeoutMs: () => config.integer('cluster', 'write_timeout'),
      onChange: change => this.#changed(change),
      configure: change => this.#configure(change),
    })
    this.#group = group
    this.#freshness = new Freshness(this)
    const key = new CredentialsKey(secrets, this.settings.secret, log)
    this.#members = new Members(this, { version, key, onRefused: reason => this.#halt(reason) })
    this.#members.start()
    const members = this.#members
    this.#trimmer = new Trimmer({ cluster: this, group, groupLog: this.#log, members, log, cipher })
    this.#trimmer.start()
    return new Election({
      cluster: this,
      group,
      groupLog: this.#log,
      catalog,
      work,
      log,
      mayFollow: () => !this.#isEnding,
    })
  }

  #changed(change: GroupChange): void {
    this.#members?.changed(change)
    if (change.kind !== 'lead' && change.kind !== 'resign') return
    this.leadership.renew()
  }

  async #configure({ section, key, value, persist }: SettingChange): Promise<void> {
    if (value === null) await this.config.delete(section, key, { persist })
    else await this.config.set(section, key, value, { persist })
  }

  #reached(): void {
    if (this.#unreachable === undefined) return
    this.#parts.log.info('the log of the cluster is reached again')
    this.#unreachable = undefined
  }

  async #failed(error: unknown): Promise<void> {
    const reason = stopReason(error)
    if (reason !== undefined) {
      this.#halt(reason)
      return
    }
    this.counters.unreachable += 1
    const message = error instanceof Error ? error.message : String(error)
    if (this.#unreachable === undefined)
      this.#parts.log.error({ err: error }, 'the log of the cluster cannot be reached')
    this.#unreachable = message
    await sleep(RETRY_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined)
  }

  /** Stops following, with a sentence for a person. Reads go on. */
  #halt(reason: string): void {
    if (this.#stopped !== undefined) return
    this.#stopped = reason
    this.#group?.stepDown()
    this.#parts.log.fatal({ reason }, 'this node left the history of its cluster: it needs a person')
  }
}
