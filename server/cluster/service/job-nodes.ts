import { createHash } from 'node:crypto'
import type { JobPlacement } from '../../replication/job-placement.ts'
import type { ClusterState } from './cluster-state.ts'
import type { MemberState } from './members.ts'

/** Milliseconds between two looks at who runs jobs. */
const LOOK_MS = 250

/**
 * The members that run jobs of `_replicator` databases. The leader knows who is there and tells it to the others, so that all
 * spread the jobs in the same way; a job that two nodes run for a moment moves nothing twice that matters.
 */
export class JobNodes implements JobPlacement {
  readonly #cluster: ClusterState
  readonly #members: () => readonly MemberState[]
  readonly #listeners = new Set<() => void>()
  #nodes: readonly string[] = []
  #leader: string | undefined
  /** By `performance.now()`: when the leader last told, or this node began to lead. */
  #toldAt = -Infinity
  #ledSince: number | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param members all of them, as the leader knows them */
  constructor(cluster: ClusterState, members: () => readonly MemberState[]) {
    this.#cluster = cluster
    this.#members = members
  }

  /** Members that run jobs, in order. */
  get nodes(): readonly string[] {
    return this.#nodes
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  runsHere(key: string | undefined): boolean {
    const { node } = this.#cluster.settings
    if (!this.#nodes.includes(node)) return false
    return key === undefined ? this.#cluster.isLeader : nodeOf(key, this.#nodes) === node
  }

  listen(moved: () => void): () => void {
    this.#listeners.add(moved)
    return () => this.#listeners.delete(moved)
  }

  /** Takes what the leader tells. */
  told(nodes: readonly string[]): void {
    this.#toldAt = performance.now()
    if (!this.#cluster.isLeader) this.#set(nodes)
  }

  #look(): void {
    const { isLeader, group, stopped } = this.#cluster
    const now = performance.now()
    if (stopped !== undefined) return this.#set([])
    if (!isLeader) {
      this.#ledSince = undefined
      // A node that hears of no leader may have been taken for gone.
      if (now - this.#toldAt > this.#timeoutMs) this.#set([])
      return
    }
    this.#ledSince ??= now
    if ((group?.sinceAppendedMs ?? Infinity) > this.#timeoutMs) return this.#set([])
    this.#set(this.#present(now - this.#ledSince))
  }

  /** Members that reported lately; those that a new leader has not heard of yet keep their jobs for as long. */
  #present(ledMs: number): string[] {
    const { node } = this.#cluster.settings
    const isNew = ledMs < this.#timeoutMs
    return this.#members()
      .filter(member => {
        if (member.node === node) return true
        if (member.isLeaving) return false
        if (member.heardMs === undefined) return isNew && this.#nodes.includes(member.node)
        return member.heardMs < this.#timeoutMs
      })
      .map(member => member.node)
      .sort()
  }

  #set(nodes: readonly string[]): void {
    const leader = this.#cluster.leader?.node
    if (nodes.join() === this.#nodes.join() && leader === this.#leader) return
    this.#nodes = nodes
    this.#leader = leader
    for (const moved of this.#listeners) moved()
  }

  get #timeoutMs(): number {
    return this.#cluster.config.integer('cluster', 'jobs_timeout')
  }
}

/** Returns the node with the highest hash of node and key: when a node goes, only its own keys move. */
export function nodeOf(key: string, nodes: readonly string[]): string | undefined {
  let [best, highest]: [string | undefined, bigint] = [undefined, -1n]
  for (const node of nodes) {
    const weight = createHash('sha256').update(`${node}\n${key}`).digest().readBigUInt64BE()
    if (weight > highest) [best, highest] = [node, weight]
  }
  return best
}
