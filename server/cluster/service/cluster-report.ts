import type { MetricFamily } from '../../metrics/family.ts'
import type { ClusterCondition } from '../../observability/conditions.ts'
import type { Cluster } from './cluster.ts'

/** State of a node: what it does for its group. */
export type ClusterNodeState = 'leader' | 'follower' | 'no_leader' | 'no_log' | 'stopped'

export interface ClusterReport {
  /** Name of the cluster. */
  readonly name: string
  readonly node: string
  readonly state: ClusterNodeState
  /** Why the node is stopped or without its log. */
  readonly reason: string | null
  /** Milliseconds since this node last had everything that the leader had; null before it ever did. */
  readonly lag_ms: number | null
  readonly groups: readonly {
    readonly group: number
    readonly leader: string | null
    readonly epoch: number
    readonly position: number
    readonly log_id: string | null
    /** Position of the first entry that is in the log; known to the leader alone. */
    readonly first: number | null
    /** Entry from which a new node reads on; those before it are removed when all members have it. */
    readonly checkpoint: number
  }[]
  readonly members: readonly {
    readonly node: string
    readonly url: string
    readonly role: 'leader' | 'follower'
    readonly position: number | null
    /** Entries that it lacks. */
    readonly behind: number | null
    /** True where the log no longer has what it lacks: it must join again. */
    readonly too_far_behind: boolean
    readonly version: string | null
    readonly heard_ms: number | null
  }[]
}

/** Returns what a node is doing. */
export function stateOf(cluster: Cluster): ClusterNodeState {
  if (cluster.stopped !== undefined) return 'stopped'
  if (cluster.isLeader) return 'leader'
  if (cluster.unreachable !== undefined || cluster.group === undefined) return 'no_log'
  return cluster.leader === undefined ? 'no_leader' : 'follower'
}

/** Returns why load balancers should leave a node out; undefined where they should not. */
export function reasonToLeaveOut(cluster: Cluster): string | undefined {
  if (cluster.stopped !== undefined) return cluster.stopped
  if (cluster.unreachable !== undefined)
    return `The log of the cluster does not answer: ${cluster.unreachable}`
  if (!(cluster.lagMs <= cluster.config.integer('cluster', 'max_lag')))
    return 'This node is behind the leader of its cluster.'
  return undefined
}

/** Returns the answer of `GET /_cluster`: positions of others are known to the leader alone. */
export function clusterReport(cluster: Cluster): ClusterReport {
  const { group, leader, lagMs, trimmer } = cluster
  const position = group?.position ?? 0
  return {
    name: cluster.settings.name,
    node: cluster.settings.node,
    state: stateOf(cluster),
    reason: cluster.stopped ?? cluster.unreachable ?? null,
    lag_ms: Number.isFinite(lagMs) ? Math.round(lagMs) : null,
    groups: [
      {
        group: 0,
        leader: leader?.node ?? null,
        epoch: group?.epoch ?? 0,
        position,
        log_id: group?.place.logId ?? null,
        first: trimmer?.first || null,
        checkpoint: group?.place.checkpoint ?? 0,
      },
    ],
    members: (cluster.members?.list() ?? []).map(member => ({
      node: member.node,
      url: member.url,
      role: member.node === leader?.node ? 'leader' : 'follower',
      position: member.position ?? null,
      behind: member.position === undefined ? null : Math.max(0, position - member.position),
      too_far_behind: trimmer?.isTooFarBehind(member) === true,
      version: member.version ?? null,
      heard_ms: member.heardMs ?? null,
    })),
  }
}

/** Returns the state of a node for `_health`. */
export function clusterCondition(cluster: Cluster): ClusterCondition {
  const { leader, lagMs, settings, isLeader, trimmer } = cluster
  const members = isLeader ? (cluster.members?.list() ?? []) : []
  const timeout = cluster.config.integer('cluster', 'jobs_timeout')
  return {
    node: settings.node,
    state: stateOf(cluster),
    reason: reasonToLeaveOut(cluster) ?? null,
    leader: leader?.node ?? null,
    lag_ms: Number.isFinite(lagMs) ? Math.round(lagMs) : null,
    credentials_key_differs: cluster.members?.keyDiffers === true,
    silent: members.filter(({ heardMs = Infinity }) => heardMs > timeout).map(({ node }) => node),
    too_far_behind: members.filter(member => trimmer?.isTooFarBehind(member)).map(({ node }) => node),
  }
}

/** Returns the metrics of a node. */
export function clusterFamilies(cluster: Cluster): MetricFamily[] {
  const { counters, group, lagMs, snapshots, trimmer, members } = cluster
  const state = stateOf(cluster)
  const gauge = (name: string, help: string, value: number): MetricFamily => ({
    name: `couchette_cluster_${name}`,
    type: 'gauge',
    help,
    samples: [{ value }],
  })
  const counter = (name: string, help: string, value: number): MetricFamily => ({
    ...gauge(`${name}_total`, help, value),
    type: 'counter',
  })
  return [
    gauge('leader', 'one where this node leads its group', state === 'leader' ? 1 : 0),
    gauge(
      'stopped',
      'one where this node left the history of its cluster: it needs a person',
      state === 'stopped' ? 1 : 0,
    ),
    gauge('log_reachable', 'one where the log of the cluster answers', state === 'no_log' ? 0 : 1),
    gauge('position', 'last entry of the log that this node has applied', group?.position ?? 0),
    gauge('epoch', 'number of the leadership that this node knows of', group?.epoch ?? 0),
    gauge(
      'lag_seconds',
      'time since this node had everything that the leader had',
      Number.isFinite(lagMs) ? lagMs / 1000 : -1,
    ),
    gauge('members', 'nodes of the cluster', Object.keys(group?.place.members ?? {}).length),
    gauge(
      'log_entries',
      'entries in the log, at its leader; 0 elsewhere',
      state === 'leader' && trimmer?.first ? (group?.position ?? 0) - trimmer.first + 1 : 0,
    ),
    gauge(
      'members_too_far_behind',
      'nodes that the log no longer has the entries for, at its leader: they must join again',
      (members?.list() ?? []).filter(member => trimmer?.isTooFarBehind(member)).length,
    ),
    gauge(
      'members_silent',
      'nodes that this leader has not heard of for `[cluster] jobs_timeout`; 0 elsewhere',
      clusterCondition(cluster).silent.length,
    ),
    counter('trimmed_entries', 'entries that this node removed from the log', trimmer?.trimmed ?? 0),
    counter('snapshots', 'copies of this node that others took', snapshots?.taken ?? 0),
    counter('snapshot_bytes', 'bytes of copies that others took', snapshots?.bytes ?? 0),
    counter('led', 'times that this node began to lead', counters.led),
    counter('log_failures', 'failures to reach the log', counters.unreachable),
    counter('forwarded_requests', 'requests that were forwarded to the leader', counters.forwarded),
    counter(
      'forward_failures',
      'forwarded requests that the leader did not answer',
      counters.forwardFailures,
    ),
    counter('catch_ups', "questions for the leader's position", counters.catchUps),
  ]
}
