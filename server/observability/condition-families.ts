import { type MetricFamily, counter, gauge, labelledGauge } from '../metrics/family.ts'
import type { NodeConditions } from './conditions.ts'

const STORE_STATES = ['healthy', 'failed', 'reopening', 'stopped'] as const

/** Returns the state of a node as metrics. What counts events since the start is among the counters of `_stats`. */
export function conditionFamilies(node: NodeConditions): MetricFamily[] {
  return [
    ...processFamilies(node),
    ...diskFamilies(node),
    ...storeFamilies(node),
    ...workFamilies(node),
    labelledGauge(
      'couchdb_replication_documents',
      'documents of _replicator databases by the state of their job',
      'state',
      node.replications.documents,
    ),
    gauge('couchette_logins_locked', 'names that are locked now', node.logins.locked),
    gauge('couchette_feeds_open', 'live feeds that are open', node.feeds.open),
    labelledGauge(
      'couchette_held_bytes',
      'memory of request bodies, and of answers that their clients have not taken yet',
      'kind',
      { ...node.held },
    ),
    gauge(
      'couchette_configuration_findings',
      'settings that do not do what they say',
      node.configuration.findings,
    ),
    gauge(
      'couchette_documents_with_large_trees',
      'documents with large revision trees that were written since the start',
      node.large_trees.documents,
    ),
    ...certificateFamilies(node),
  ]
}

function processFamilies({ event_loop_delay_ms: delay, memory }: NodeConditions): MetricFamily[] {
  return [
    labelledGauge(
      'couchette_event_loop_delay_seconds',
      'lateness of the event loop over the last ten to twenty seconds',
      'stat',
      { p50: delay.p50 / 1000, p99: delay.p99 / 1000, max: delay.max / 1000 },
    ),
    gauge('process_resident_memory_bytes', 'resident memory of the process', memory.resident),
    gauge('couchette_heap_used_bytes', 'memory of JavaScript objects', memory.heap_used),
    gauge('couchette_heap_limit_bytes', 'most memory that JavaScript objects may take', memory.heap_limit),
  ]
}

function diskFamilies({ disk }: NodeConditions): MetricFamily[] {
  if (disk === null) return []
  return [
    gauge('couchette_disk_size_bytes', 'size of the file system that holds the data', disk.total),
    gauge('couchette_disk_free_bytes', 'free bytes of the file system that holds the data', disk.free),
  ]
}

function storeFamilies({ store }: NodeConditions): MetricFamily[] {
  if (store === null) return []
  const states = STORE_STATES.map(state => [state, Number(state === store.state)] as const)
  return [
    labelledGauge(
      'couchette_store_state',
      '1 for the state in which the store is: only a healthy one takes writes',
      'state',
      Object.fromEntries(states),
    ),
    gauge(
      'couchette_store_disk_full',
      '1 if the last write failed for want of room',
      Number(store.disk_full),
    ),
    counter(
      'couchette_store_damaged_reads_total',
      'number of reads that found a record or an attachment changed on disk, or damaged',
      store.damaged_reads,
    ),
    gauge(
      'couchette_store_damaged_tables',
      'number of tables that were found changed on disk: records may be missing',
      store.damaged_tables.length,
    ),
    gauge(
      'couchette_store_missing_at_start',
      'findings of the start that acknowledged writes are missing (`on_damage = report`)',
      store.missing_at_start.length,
    ),
  ]
}

function workFamilies({ queues, compactions, index_builds: builds }: NodeConditions): MetricFamily[] {
  const each = (member: 'running' | 'waiting') =>
    Object.fromEntries(Object.entries(queues).map(([name, queue]) => [name, queue[member]]))
  return [
    labelledGauge('couchette_queue_running', 'work that runs, by queue', 'queue', each('running')),
    labelledGauge(
      'couchette_queue_waiting',
      'work that waits for its turn, by queue',
      'queue',
      each('waiting'),
    ),
    labelledGauge('couchette_compactions_running', 'compactions that run', 'kind', {
      databases: compactions.databases,
      views: compactions.views,
    }),
    gauge('couchette_index_builds_running', 'index builds that run', builds.running),
    gauge(
      'couchette_index_build_changes_pending',
      'changes that running index builds have not indexed yet',
      builds.changes_pending,
    ),
  ]
}

function certificateFamilies({ certificate }: NodeConditions): MetricFamily[] {
  if (certificate === null) return []
  return [
    gauge(
      'couchette_tls_certificate_not_after_seconds',
      'end of the validity of the TLS certificate, in seconds since 1970',
      Date.parse(certificate.not_after) / 1000,
    ),
  ]
}
