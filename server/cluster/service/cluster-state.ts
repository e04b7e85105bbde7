import type { Config } from '../../config/config.ts'
import type { GroupChange } from '../entry/change.ts'
import type { ReplicatedGroup } from '../group/group.ts'
import type { NodeAddress } from '../group/place.ts'
import type { Snapshots } from '../snapshot/snapshots.ts'
import type { ClusterSettings } from './cluster-settings.ts'
import type { Counters } from './counters.ts'
import type { LeadershipSignal } from './leadership-signal.ts'
import type { ClusterSignature } from '../nodes/signature.ts'

/** A node as its parts see it. */
export interface ClusterState {
  readonly settings: ClusterSettings
  readonly config: Config
  readonly counters: Counters
  readonly signature: ClusterSignature
  /** Name and URL of this node. */
  readonly address: NodeAddress
  /** The group's state; undefined until the log was read for the first time. */
  readonly group: ReplicatedGroup | undefined
  readonly isLeader: boolean
  /** Copies that other nodes take; undefined for a node in memory. */
  readonly snapshots: Snapshots | undefined
  /** The leader as far as this node knows; undefined while nobody leads. */
  readonly leader: NodeAddress | undefined
  /** The sentence that says why this node follows the log no longer, and needs a person. */
  readonly stopped: string | undefined
  /** Members that run jobs. */
  readonly jobNodes: { readonly nodes: readonly string[]; told(nodes: readonly string[]): void }
  /** Returns the position that a follower must reach to have everything until now. @throws `notLeader` */
  provenPosition(): Promise<number>
  /** Appends a change of the cluster itself. @throws `notLeader`, `logUnavailable` */
  record(change: GroupChange): Promise<void>
  /** Renewed to give up what was forwarded to the leader and has no answer. */
  readonly leadership: LeadershipSignal
  /** Notes where the leader stood at a time, by `performance.now()`. */
  heard(position: number, at: number): void
}
