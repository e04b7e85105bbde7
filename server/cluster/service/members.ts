import { fail } from '../../../protocol/errors.ts'
import type { GroupChange } from '../entry/change.ts'
import type { ClusterState } from './cluster-state.ts'
import type { CredentialsKey, KeyAnswer } from './credentials-key.ts'
import {
  askNode,
  JoinRefusedError,
  NODE_PATHS,
  type NodeReport,
  RemovedError,
  type SnapshotHold,
} from '../nodes/node-client.ts'

/** Milliseconds between two reports of a follower. */
const REPORT_MS = 500
const REPORT_TIMEOUT_MS = 2000
/** A node that ends waits for no leader for longer. */
const LAST_REPORT_MS = 500

/** A member as this node knows it. Only the leader knows of the others' positions. */
export interface MemberState {
  readonly node: string
  readonly url: string
  readonly position: number | undefined
  /** Position from which it reads the log again when it was restarted. */
  readonly kept: number | undefined
  /** Copies of it that others took lately. */
  readonly holds: readonly SnapshotHold[]
  readonly version: string | undefined
  /** Milliseconds since its last report; undefined where there was none. */
  readonly heardMs: number | undefined
  /** True where its last report said that it is being closed. */
  readonly isLeaving: boolean
}

/** The members of a cluster: followers report to the leader, who takes in those that are new. */
export class Members {
  readonly #cluster: ClusterState
  readonly #version: string
  readonly #key: CredentialsKey
  readonly #onRefused: (reason: string) => void
  readonly #reports = new Map<string, { readonly report: NodeReport; readonly at: number }>()
  readonly #stop = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #reporting: Promise<void> = Promise.resolve()
  /** By `performance.now()`: when the leader last answered a report, or another one began to lead. */
  #answeredAt = performance.now()

  constructor(
    cluster: ClusterState,
    {
      version,
      key,
      onRefused,
    }: { version: string; key: CredentialsKey; onRefused: (reason: string) => void },
  ) {
    this.#cluster = cluster
    this.#key = key
    this.#version = version
    this.#onRefused = onRefused
  }

  /** Begins to report to whoever leads, at once: the log is kept for members that the leader has heard of. */
  start(): void {
    this.#reporting = this.#report()
      .catch(() => undefined)
      .then(() => {
        if (this.#stop.signal.aborted) return
        this.#timer = setTimeout(() => this.start(), REPORT_MS)
        this.#timer.unref()
      })
  }

  /** True where the leader has another key of credentials. */
  get keyDiffers(): boolean {
    return !this.#cluster.isLeader && this.#key.differs
  }

  /** All members with what is known of them. */
  list(): MemberState[] {
    const { group, address } = this.#cluster
    return Object.entries(group?.place.members ?? {}).map(([node, url]) => {
      const own = node === address.node
      const found = this.#reports.get(node)
      return {
        node,
        url,
        position: own ? group?.position : found?.report.position,
        kept: own ? group?.storedPosition : found?.report.kept,
        holds: (own ? this.#cluster.snapshots?.holds : found?.report.holds) ?? [],
        version: own ? this.#version : found?.report.version,
        isLeaving: !own && found?.report.isLeaving === true,
        heardMs: own ? 0 : found === undefined ? undefined : Math.round(performance.now() - found.at),
      }
    })
  }

  /**
   * Takes a report, as the leader.
   *
   * @throws `notLeader`; `memberRemoved` for a node that was removed; `credentialsKeyDiffers`
   */
  async take(report: NodeReport): Promise<KeyAnswer> {
    const { group } = this.#cluster
    if (group?.isLeader !== true) throw fail('notLeader')
    if (group.place.removed.includes(report.node)) throw fail('memberRemoved')
    const answer = this.#key.answer(report, Object.hasOwn(group.place.members, report.node))
    this.#reports.set(report.node, { report, at: performance.now() })
    if (group.place.members[report.node] !== report.url)
      await this.#cluster.record({ kind: 'member', node: report.node, url: report.url })
    return answer
  }

  changed(change: GroupChange): void {
    if (change.kind === 'lead') this.#answeredAt = performance.now()
    if (change.kind !== 'remove') return
    this.#reports.delete(change.node)
    if (change.node === this.#cluster.settings.node) this.#onRefused(sentence())
  }

  /** Idempotent. Reports once more, so that the log is not kept for what this node has. */
  async close(): Promise<void> {
    const isFirst = !this.#stop.signal.aborted
    this.#stop.abort()
    clearTimeout(this.#timer)
    await this.#reporting
    if (isFirst) await this.#report(AbortSignal.timeout(LAST_REPORT_MS), true).catch(() => undefined)
  }

  async #report(stop: AbortSignal = this.#stop.signal, isLeaving = false): Promise<void> {
    const { leader, isLeader, address, signature, group, snapshots } = this.#cluster
    if (isLeader || leader === undefined || leader.node === address.node || group === undefined) return
    const report: NodeReport = {
      ...address,
      position: group.position,
      kept: group.storedPosition,
      holds: snapshots?.holds ?? [],
      version: this.#version,
      isLeaving,
      credentialsKey: this.#key.report,
    }
    const at = performance.now()
    try {
      const signal = AbortSignal.any([stop, AbortSignal.timeout(REPORT_TIMEOUT_MS)])
      const answer = await askNode(signature, leader.url, NODE_PATHS.report, { body: report, signal })
      this.#answeredAt = performance.now()
      this.#cluster.heard(answer.position, at)
      this.#cluster.jobNodes.told(answer.jobNodes ?? [])
      await this.#key.told(answer)
    } catch (error) {
      if (error instanceof RemovedError) this.#onRefused(sentence())
      if (error instanceof JoinRefusedError) this.#onRefused(error.message)
      const silentMs = performance.now() - this.#answeredAt
      // Connections to it may be dead without an end: what waits for its answer has none.
      if (silentMs > this.#cluster.config.integer('cluster', 'read_timeout')) this.#cluster.leadership.renew()
    }
  }
}

function sentence(): string {
  return 'This node was removed from the cluster: start it with an empty data directory and couchette cluster join, under another name.'
}
