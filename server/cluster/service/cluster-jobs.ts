import type { JobsReport, ReportedJobs } from '../../replication/jobs-report.ts'
import { askNode, NODE_PATHS } from '../nodes/node-client.ts'
import type { ClusterState } from './cluster-state.ts'
import type { JobNodes } from './job-nodes.ts'

/** A node that does not answer in time is left out of lists. */
const TIMEOUT_MS = 5000
const RETRY_TIMEOUT_MS = 600_000

/** The jobs that other members run. */
export class ClusterJobs {
  readonly #cluster: ClusterState
  readonly #nodes: JobNodes

  constructor(cluster: ClusterState, nodes: JobNodes) {
    this.#cluster = cluster
    this.#nodes = nodes
  }

  /** Returns what the other members that run jobs tell of theirs. */
  async elsewhere(asked: ReportedJobs): Promise<JobsReport[]> {
    const found = await Promise.all(
      this.#others().map(url =>
        this.#ask<JobsReport>(url, NODE_PATHS.jobs, asked, TIMEOUT_MS).catch(() => undefined),
      ),
    )
    return found.filter(report => report !== undefined)
  }

  /** Has the member that runs a document's job offer again what its target refused. @returns undefined where none does */
  async retry(document: Required<ReportedJobs>): Promise<object | undefined> {
    for (const url of this.#others()) {
      const { outcome } = await this.#ask<{ outcome: object | null }>(
        url,
        NODE_PATHS.retryJob,
        document,
        RETRY_TIMEOUT_MS,
      )
      if (outcome !== null) return outcome
    }
    return undefined
  }

  #ask<T>(url: string, path: string, body: object, timeoutMs: number): Promise<T> {
    const { signature, group } = this.#cluster
    const signal = AbortSignal.timeout(timeoutMs)
    // What this node shows of a document's job must not be older than the document here.
    return askNode<T>(signature, url, path, { body: { ...body, position: group?.position ?? 0 }, signal })
  }

  #others(): string[] {
    const { group, settings } = this.#cluster
    const urls = group?.place.members ?? {}
    return this.#nodes.nodes.flatMap(node => (node === settings.node ? [] : (urls[node] ?? [])))
  }
}
