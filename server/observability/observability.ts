import { formatFamilies, type MetricFamily } from '../metrics/family.ts'
import { processFamilies } from '../metrics/prometheus.ts'
import { replicationFamilies } from '../replication/prometheus.ts'
import { conditionFamilies } from './condition-families.ts'
import { type NodeConditions, type ObservedServer, readConditions } from './conditions.ts'

/** Returns metrics of one part of the server as they are now. */
export type MetricSource = () => readonly MetricFamily[] | Promise<readonly MetricFamily[]>

/** View of a server for operators: its conditions as JSON, and the same values as metrics. */
export class Observability {
  readonly #server: ObservedServer
  readonly #sources: MetricSource[] = []

  constructor(server: ObservedServer) {
    this.#server = server
  }

  /** Adds the metrics of another part of the server. */
  add(source: MetricSource): void {
    this.#sources.push(source)
  }

  /** Reads the answer of `_node/_local/_health`. */
  async conditions(): Promise<NodeConditions> {
    await this.#server.metrics.refresh()
    return readConditions(this.#server)
  }

  /** Reads all metrics in Prometheus' text format. */
  async prometheus(): Promise<string> {
    const { metrics, replicator } = this.#server
    const conditions = await this.conditions()
    const others = await Promise.all(this.#sources.map(async source => source()))
    return formatFamilies([
      ...processFamilies(metrics),
      ...conditionFamilies(conditions),
      ...replicationFamilies(replicator),
      ...others.flat(),
    ])
  }
}
