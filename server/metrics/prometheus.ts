import type { Metrics } from './metrics.ts'
import { systemState } from './system.ts'

/** Counters that are one metric with a label. */
const LABELLED = /^couchdb\/httpd_(request_methods|status_codes)\/(.+)$/
const LABELS: Readonly<Record<string, string>> = { request_methods: 'method', status_codes: 'code' }

/** The text that Prometheus reads, under the names that CouchDB's have. */
export function prometheusText(metrics: Metrics): string {
  const samples = [...metrics.counters()].map(([path, { value, desc }]) => toSample(path, value, desc))
  const families = new Map<string, { desc: string; lines: string[] }>()
  for (const { name, label, value, desc } of samples) {
    const family = families.get(name) ?? { desc, lines: [] }
    family.lines.push(`${name}${label} ${value}`)
    families.set(name, family)
  }
  const counters = [...families].map(([name, { desc, lines }]) =>
    [`# HELP ${name} ${desc}`, `# TYPE ${name} counter`, ...lines, ''].join('\n'),
  )
  return [...counters, requestTime(metrics), ...processGauges()].join('\n')
}

function toSample(path: string, value: number, desc: string) {
  const [, group = '', label = ''] = LABELLED.exec(path) ?? []
  if (group === '') {
    return { name: `${path.replaceAll('/', '_')}_total`, label: '', value, desc }
  }
  const name = `couchdb_httpd_${group}`
  return {
    name,
    label: `{${LABELS[group]}="${label}"}`,
    value,
    desc: `number of HTTP ${group.replace('_', ' ')}`,
  }
}

function requestTime(metrics: Metrics): string {
  const name = 'couchdb_request_time_seconds'
  const { median, percentile } = metrics.requestTime.summary()
  const { count, sumMs } = metrics.requestTime.total
  const p99 = percentile.find(([percent]) => percent === 99)?.[1] ?? 0
  return [
    `# HELP ${name} length of a request`,
    `# TYPE ${name} summary`,
    `${name}{quantile="0.5"} ${median / 1000}`,
    `${name}{quantile="0.99"} ${p99 / 1000}`,
    `${name}_sum ${sumMs / 1000}`,
    `${name}_count ${count}`,
    '',
  ].join('\n')
}

function processGauges(): string[] {
  const { uptime, memory } = systemState()
  const gauge = (name: string, help: string, value: number) =>
    `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`
  return [
    gauge('couchdb_uptime_seconds', 'seconds since the start', uptime),
    gauge('couchdb_memory_bytes', 'resident memory', memory.processes + memory.binary + memory.other),
  ]
}
