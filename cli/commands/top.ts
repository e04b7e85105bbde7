import type { Context } from '../frame/context.ts'
import { OK } from '../frame/exit-codes.ts'
import { bytes, count, duration, perSecond } from '../frame/format.ts'
import type { Frame } from '../frame/frame.ts'
import { metricSum, parseMetrics } from '../frame/metrics.ts'
import type { Metrics } from '../frame/metrics.ts'
import type { Server } from '../frame/server.ts'
import { printable } from '../frame/table.ts'
import { pause, watch } from '../frame/watch.ts'

interface TopOptions {
  readonly watch?: string | true
  readonly once?: boolean
  readonly databases?: string
}

interface DatabaseInfo {
  readonly key: string
  readonly info?: {
    readonly doc_count: number
    readonly doc_del_count: number
    readonly sizes: { readonly file: number; readonly active: number; readonly external: number }
  }
}

/** A node as `top` shows it; null where it does not tell. */
export interface TopReport {
  readonly url: string
  readonly uptime_seconds: number | null
  readonly requests_per_second: number | null
  readonly writes_per_second: number | null
  readonly feeds: number | null
  readonly event_loop_delay_ms: number | null
  readonly memory_bytes: number | null
  readonly cpu_percent: number | null
  readonly disk_free_bytes: number | null
  readonly jobs: {
    readonly running: number | null
    readonly pending: number | null
    readonly crashing: number | null
  }
  readonly request_median_ms: number | null
  readonly errors_per_second: number | null
  readonly databases: readonly {
    readonly name: string
    readonly documents: number
    readonly deleted: number
    readonly file_bytes: number
    readonly external_bytes: number
  }[]
}

const SAMPLE_MS = 1000
const NAMES_OF_A_REQUEST = 100
/** Servers with more databases are not asked for each, other than with `--databases`. */
const DEFAULT_DATABASES = 15

/** Adds `top`: what a node is doing, and its largest databases. */
export function addTop(frame: Frame): void {
  frame
    .command('top', 'Shows what a node is doing, and its largest databases, until Ctrl-C.', [
      ['couchette top', ''],
      ['couchette top --once', 'one second of it, for scripts'],
      ['couchette top --watch 10 --databases 50', ''],
    ])
    .option('--watch [seconds]', 'time between two looks (default: 2)')
    .option('--once', 'shows it once, after a second')
    .option('--databases <number>', 'databases that are listed', String(DEFAULT_DATABASES))
    .action(frame.run(top))
}

async function top(context: Context, options: TopOptions): Promise<number> {
  const server = await context.server()
  const shown = Number(options.databases ?? DEFAULT_DATABASES)
  const sampler = new Sampler(server)
  await sampler.sample()
  await pause(SAMPLE_MS, context.signal)
  const read = async (): Promise<TopReport> =>
    reportOf(server.url, await sampler.sample(), await largest(server, shown))
  if (options.once !== true && !(context.json && options.watch === undefined))
    return watch(context, options.watch ?? true, read, report => render(context, report))
  if (!context.signal.aborted) await context.print(await read(), report => render(context, report))
  return OK
}

/** Two looks at the metrics, one after the other. */
interface Samples {
  readonly now: Metrics
  readonly before: Metrics
  readonly seconds: number
}

class Sampler {
  readonly #server: Server
  #last: { readonly metrics: Metrics; readonly at: number } | undefined

  constructor(server: Server) {
    this.#server = server
  }

  async sample(): Promise<Samples> {
    const now = parseMetrics(await this.#server.text('_node/_local/_prometheus'))
    const at = performance.now()
    const before = this.#last ?? { metrics: now, at }
    this.#last = { metrics: now, at }
    return { now, before: before.metrics, seconds: (at - before.at) / 1000 }
  }
}

function reportOf(
  url: string,
  { now, before, seconds }: Samples,
  databases: TopReport['databases'],
): TopReport {
  const rate = (name: string, labels?: RegExp): number | null => {
    const [value, earlier] = [metricSum(now, name, labels), metricSum(before, name, labels)]
    return value === null || earlier === null || seconds === 0 ? null : Math.max(0, value - earlier) / seconds
  }
  const gauge = (name: string, labels?: RegExp): number | null => metricSum(now, name, labels)
  const scaled = (value: number | null, factor: number): number | null =>
    value === null ? null : value * factor
  return {
    url,
    uptime_seconds: gauge('couchdb_uptime_seconds'),
    requests_per_second: rate('couchdb_httpd_requests_total'),
    errors_per_second: rate('couchdb_httpd_status_codes', /code="5/),
    writes_per_second: rate('couchdb_document_writes_total'),
    feeds: gauge('couchette_feeds_open') ?? gauge('couchdb_httpd_clients_requesting_changes_total'),
    request_median_ms: scaled(gauge('couchdb_request_time_seconds', /quantile="0.5"/), 1000),
    event_loop_delay_ms: scaled(gauge('couchette_event_loop_delay_seconds', /stat="p99"/), 1000),
    memory_bytes: gauge('process_resident_memory_bytes') ?? gauge('couchdb_memory_bytes'),
    cpu_percent: scaled(rate('process_cpu_seconds_total'), 100),
    disk_free_bytes: gauge('couchette_disk_free_bytes'),
    jobs: {
      running: gauge('couchdb_couch_replicator_jobs_running'),
      pending: gauge('couchdb_couch_replicator_jobs_pending'),
      crashing: gauge('couchdb_couch_replicator_jobs_crashed'),
    },
    databases,
  }
}

async function largest(server: Server, shown: number): Promise<TopReport['databases']> {
  if (shown === 0) return []
  const names = await server.get<string[]>('_all_dbs')
  const infos: DatabaseInfo[] = []
  for (let at = 0; at < names.length; at += NAMES_OF_A_REQUEST) {
    const keys = names.slice(at, at + NAMES_OF_A_REQUEST)
    infos.push(...(await server.send<DatabaseInfo[]>('POST', '_dbs_info', { keys })))
  }
  return infos
    .flatMap(({ key, info }) =>
      info === undefined
        ? []
        : [
            {
              name: key,
              documents: info.doc_count,
              deleted: info.doc_del_count,
              file_bytes: info.sizes.file,
              external_bytes: info.sizes.external,
            },
          ],
    )
    .sort((a, b) => b.file_bytes - a.file_bytes)
    .slice(0, shown)
}

function render(context: Context, report: TopReport): string {
  const ms = (value: number | null): string => (value === null ? '–' : `${value.toFixed(1)} ms`)
  const { jobs } = report
  const facts: [string, string][] = [
    ['server', report.url],
    ['up for', duration(report.uptime_seconds === null ? null : 1000 * report.uptime_seconds)],
    ['requests', `${perSecond(report.requests_per_second)}, median ${ms(report.request_median_ms)}`],
    ['errors (5xx)', perSecond(report.errors_per_second)],
    ['writes', perSecond(report.writes_per_second)],
    ['feeds', count(report.feeds)],
    [
      'jobs',
      `${count(jobs.running)} running, ${count(jobs.pending)} pending, ${count(jobs.crashing)} crashing`,
    ],
    ['event loop', `${ms(report.event_loop_delay_ms)} late (99 %)`],
    ['CPU', report.cpu_percent === null ? '–' : `${report.cpu_percent.toFixed(0)} %`],
    ['memory', bytes(report.memory_bytes)],
    ['disk free', bytes(report.disk_free_bytes)],
  ]
  const lines = facts.map(([name, value]) => `${name.padEnd(12)}  ${value}\n`).join('')
  if (report.databases.length === 0) return lines
  const columns = [
    { title: 'DATABASE', shrinks: true },
    { title: 'DOCUMENTS', align: 'right' },
    { title: 'DELETED', align: 'right' },
    { title: 'ON DISK', align: 'right' },
    { title: 'DATA', align: 'right' },
  ] as const
  const rows = report.databases.map(one => [
    printable(one.name),
    count(one.documents),
    count(one.deleted),
    bytes(one.file_bytes),
    bytes(one.external_bytes),
  ])
  return `${lines}\n${context.table(columns, rows)}`
}
