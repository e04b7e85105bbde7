import { COUCHDB_VERSION, VERSION } from '../node/version.ts'
import { type MetricFamily, type MetricSample, counter, gauge } from './family.ts'
import type { Metrics } from './metrics.ts'
import { systemState } from './system.ts'

/** Counters that are one metric with a label. */
const LABELLED = /^couchdb\/httpd_(request_methods|status_codes)\/(.+)$/
const LABELS: Readonly<Record<string, string>> = { request_methods: 'method', status_codes: 'code' }

/** Returns the values of `_stats` and of the process as metrics, under CouchDB's names where it has them. */
export function processFamilies(metrics: Metrics): MetricFamily[] {
  return [...counterFamilies(metrics), ...requestTime(metrics), ...processGauges()]
}

function counterFamilies(metrics: Metrics): MetricFamily[] {
  const families = new Map<string, { type: 'counter' | 'gauge'; help: string; samples: MetricSample[] }>()
  for (const [path, { value, type, desc }] of metrics.counters()) {
    const [, group = '', label = ''] = LABELLED.exec(path) ?? []
    const isLabelled = group !== ''
    const name = isLabelled ? `couchdb_httpd_${group}` : metricName(path, type)
    const help = isLabelled ? `number of HTTP ${group.replace('_', ' ')}` : desc
    const family = families.get(name) ?? { type, help, samples: [] }
    family.samples.push(isLabelled ? { value, labels: { [LABELS[group] ?? 'value']: label } } : { value })
    families.set(name, family)
  }
  return [...families].map(([name, family]) => ({ name, ...family }))
}

/** Returns CouchDB's name of a metric: its path behind "couchdb" (`couch_prometheus_util:path_to_name/1`). */
function metricName(path: string, type: 'counter' | 'gauge'): string {
  const name = path.replaceAll('/', '_')
  const prefixed = /^couch(db|ette)_/.test(name) ? name : `couchdb_${name}`
  return type === 'counter' ? `${prefixed}_total` : prefixed
}

function requestTime(metrics: Metrics): MetricFamily[] {
  const { median, percentile } = metrics.requestTime.summary()
  const { count, sumMs, buckets } = metrics.requestTime.total
  const p99 = percentile.find(([percent]) => percent === 99)?.[1] ?? 0
  const totals = [
    { suffix: '_sum', value: sumMs / 1000 },
    { suffix: '_count', value: count },
  ]
  const quantiles = [
    { value: median / 1000, labels: { quantile: '0.5' } },
    { value: p99 / 1000, labels: { quantile: '0.99' } },
  ]
  const bounds = [...buckets, { maxMs: Infinity, count }].map(bucket => ({
    suffix: '_bucket',
    value: bucket.count,
    labels: { le: bucket.maxMs === Infinity ? '+Inf' : String(bucket.maxMs / 1000) },
  }))
  const help = 'length of a request'
  return [
    { name: 'couchdb_request_time_seconds', type: 'summary', help, samples: [...quantiles, ...totals] },
    {
      name: 'couchette_http_request_duration_seconds',
      type: 'histogram',
      help: 'length of a request, until its answer is complete or its feed is open',
      samples: [...bounds, ...totals],
    },
  ]
}

function processGauges(): MetricFamily[] {
  const { uptime, memory } = systemState()
  const { user, system } = process.cpuUsage()
  const info = { version: VERSION, couchdb_version: COUCHDB_VERSION, node_version: process.versions.node }
  return [
    {
      name: 'couchette_build_info',
      type: 'gauge',
      help: 'versions of the server, as labels of a constant 1',
      samples: [{ value: 1, labels: info }],
    },
    gauge('couchdb_uptime_seconds', 'seconds since the start', uptime),
    gauge('couchdb_memory_bytes', 'resident memory', memory.processes + memory.binary + memory.other),
    gauge(
      'process_start_time_seconds',
      'start of the process, in seconds since 1970',
      (Date.now() - process.uptime() * 1000) / 1000,
    ),
    counter('process_cpu_seconds_total', 'CPU time of the process', (user + system) / 1e6),
  ]
}
