import type { Logger } from 'pino'
import type { Checkpoint } from '../entry/change.ts'
import type { EntryCipher } from '../entry/entry.ts'
import { equalSettings } from '../group/equal-settings.ts'
import type { ReplicatedGroup } from '../group/group.ts'
import { headOf } from '../group/log-head.ts'
import type { ReplicatedLog } from '../log/contract.ts'
import type { SnapshotHold } from '../nodes/node-client.ts'
import type { ClusterState } from './cluster-state.ts'
import type { Members, MemberState } from './members.ts'

export interface TrimmerParts {
  readonly cluster: ClusterState
  readonly group: ReplicatedGroup
  readonly groupLog: ReplicatedLog
  readonly members: Members
  readonly cipher: EntryCipher | undefined
  readonly log: Logger
}

/**
 * Removes entries that all members have from the log, as the leader: a checkpoint is appended, and when all have it, what lies
 * before it goes. So the log always begins with an entry that tells a new node how to begin. A member that is too far behind, or
 * was silent for too long, is not waited for: it begins again with a copy.
 */
export class Trimmer {
  readonly #parts: TrimmerParts
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> = Promise.resolve()
  #isClosed = false
  /** Epoch that this node leads, and since when by `performance.now()`. */
  #leading = { epoch: 0, since: 0 }
  /** Members that were told to be too far behind. */
  readonly #told = new Set<string>()
  /** Position of the log's first entry as this leader saw it last; 0 where it does not know. */
  first = 0
  /** Entries that this node removed. */
  trimmed = 0

  constructor(parts: TrimmerParts) {
    this.#parts = parts
  }

  start(): void {
    const interval = this.#parts.cluster.config.integer('cluster', 'trim_interval')
    this.#timer = setTimeout(() => {
      this.#turn = this.turn()
        .catch((error: unknown) => this.#parts.log.warn({ err: error }, 'the log was not trimmed'))
        .then(() => {
          if (!this.#isClosed) this.start()
        })
    }, interval)
    this.#timer.unref()
  }

  /** Does what is due. */
  async turn(): Promise<void> {
    const { group, groupLog, cluster } = this.#parts
    this.first = 0
    if (!group.isLeader) return
    if (this.#leading.epoch !== group.epoch) this.#leading = { epoch: group.epoch, since: performance.now() }
    const first = (await groupLog.first())?.position ?? 1
    this.first = first
    this.#tellOfThoseBehind(first)
    const { checkpoint } = group.place
    const entries = cluster.config.integer('cluster', 'trim_entries')
    if (checkpoint > first) {
      if (this.#needed() < checkpoint) return
      if (await this.#trim(first, checkpoint)) return
    }
    if (group.position - Math.max(checkpoint, first) >= entries) await cluster.record(this.#checkpoint())
  }

  /** Returns whether a member has to begin again with a copy. */
  isTooFarBehind({ position }: MemberState): boolean {
    return position !== undefined && position + 1 < this.first
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#turn
  }

  /** The position that all have who are waited for, and that copies need. */
  #needed(): number {
    const members = this.#parts.members.list()
    const waitedFor = members.filter(member => this.#isWaitedFor(member))
    const holds = members.flatMap(({ holds }) => holds).filter(hold => !hasBegun(hold, members))
    return Math.min(...waitedFor.map(({ kept }) => kept ?? 0), ...holds.map(({ position }) => position))
  }

  #isWaitedFor({ position, heardMs }: MemberState): boolean {
    const { cluster, group } = this.#parts
    const silentMs = heardMs ?? performance.now() - this.#leading.since
    if (silentMs > cluster.config.integer('cluster', 'drop_after') * 1000) return false
    return (
      position === undefined || group.position - position <= cluster.config.integer('cluster', 'drop_behind')
    )
  }

  /** @returns false where there is no checkpoint to begin with: its append was cut, or had no answer */
  async #trim(first: number, checkpoint: number): Promise<boolean> {
    const { groupLog, cipher, log } = this.#parts
    const [entry] = await groupLog.read(checkpoint)
    if (entry === undefined || headOf(entry, cipher)?.kind !== 'checkpoint') return false
    await groupLog.trim(checkpoint)
    this.first = checkpoint
    this.trimmed += checkpoint - first
    log.info({ from: first, to: checkpoint }, 'entries that all nodes have were removed from the log')
    this.#tellOfThoseBehind(checkpoint)
    return true
  }

  #checkpoint(): Checkpoint {
    const { cluster, group } = this.#parts
    const { name } = cluster.settings
    const secret = { section: 'cluster', key: 'secret', value: cluster.settings.secret }
    const settings = [...equalSettings(cluster.config), secret]
    return { kind: 'checkpoint', name, settings, members: group.place.members }
  }

  #tellOfThoseBehind(first: number): void {
    const behind = this.#parts.members.list().filter(member => this.isTooFarBehind(member))
    for (const { node, position } of behind) {
      if (this.#told.has(node)) continue
      this.#told.add(node)
      this.#parts.log.error(
        { node, position, first },
        'a node is too far behind: the log no longer has what it lacks, and it must join again',
      )
    }
    for (const node of this.#told) if (!behind.some(member => member.node === node)) this.#told.delete(node)
  }
}

/** Returns whether a node that took a copy has reported itself since, and needs the log from there no longer. */
function hasBegun({ node, position, ageMs }: SnapshotHold, members: readonly MemberState[]): boolean {
  const member = members.find(member => member.node === node)
  return member?.heardMs !== undefined && member.heardMs < ageMs && (member.kept ?? 0) > position
}
