import type { Context } from '../../frame/context.ts'
import { painter } from '../../frame/colour.ts'
import type { Colour } from '../../frame/colour.ts'
import { ago, bytes, count, duration, localTime, perSecond } from '../../frame/format.ts'
import { printable } from '../../frame/table.ts'
import { nameOf } from './job-list.ts'
import type { JobRow } from './job-list.ts'

const COLOURS: Readonly<Record<string, Colour>> = {
  running: 'green',
  pending: 'cyan',
  initializing: 'cyan',
  completed: 'dim',
  crashing: 'red',
  failed: 'red',
  error: 'red',
}
const COLUMNS = [
  { title: 'JOB' },
  { title: 'STATE' },
  { title: 'LAG', align: 'right' },
  { title: 'PENDING', align: 'right' },
  { title: 'RATE', align: 'right' },
  { title: 'REFUSED', align: 'right' },
  { title: 'SOURCE' },
  { title: 'TARGET' },
  { title: 'ERROR', shrinks: true },
] as const
const ID_CHARACTERS = 12

/** Lays out the jobs of a server as a table under a line that counts their states. */
export function renderJobs(context: Context, jobs: readonly JobRow[]): string {
  if (jobs.length === 0) return 'There are no jobs.\n'
  const paint = painter(context.colours)
  const rows = jobs.map(job => [
    printable(job.doc === null ? (job.id ?? '–').slice(0, ID_CHARACTERS) : nameOf(job)),
    paint(job.state, COLOURS[job.state] ?? 'bold'),
    job.lagSeconds === null ? '–' : duration(1000 * job.lagSeconds),
    count(job.pending),
    perSecond(job.docsPerSecond),
    job.refused === 0 ? '0' : paint(count(job.refused), 'yellow'),
    printable(job.source),
    printable(job.target),
    printable(troubleOf(job)),
  ])
  return `${summary(jobs)}\n${context.table(COLUMNS, rows)}`
}

/** Lays out one job: where it stands, its counters, its history. */
export function renderJob(job: JobRow): string {
  const { info } = job
  const lines: [string, string][] = [
    ['job', nameOf(job)],
    ['id', job.id ?? '–'],
    ['state', job.crashes > 0 ? `${job.state}, ${job.crashes} crashes in a row` : job.state],
    ['source', job.source],
    ['target', job.target],
    ['lag', job.lagSeconds === null ? '–' : duration(1000 * job.lagSeconds)],
    ['caught up', ago(textOf(info.last_caught_up))],
    ['pending', count(job.pending)],
    ['rate', perSecond(job.docsPerSecond)],
    ['written', count(job.docsWritten)],
    ['refused', count(job.refused)],
    ['bytes read', bytes(typeof info.bytes_read === 'number' ? info.bytes_read : null)],
    ['checkpoint', textOf(info.checkpointed_source_seq) ?? '–'],
    ...(troubleOf(job) === '' ? [] : [['trouble', troubleOf(job)] as [string, string]]),
  ]
  const history = job.history.map(
    ({ timestamp, type, reason }) =>
      `  ${localTime(timestamp)}  ${type}${reason === undefined ? '' : `  ${reason}`}`,
  )
  const shown = [...lines.map(([name, value]) => `${name.padEnd(11)} ${value}`), 'history', ...history]
  return shown.map(line => `${printable(line)}\n`).join('')
}

function summary(jobs: readonly JobRow[]): string {
  const counts = new Map<string, number>()
  for (const { state } of jobs) counts.set(state, (counts.get(state) ?? 0) + 1)
  const states = [...counts].map(([state, number]) => `${count(number)} ${state}`)
  const stalled = jobs.filter(job => job.stalled !== null).length
  const silent = jobs.filter(job => job.silentSeconds !== null).length
  if (stalled > 0) states.push(`${count(stalled)} stalled`)
  if (silent > 0) states.push(`${count(silent)} with a silent source`)
  return `${count(jobs.length)} jobs: ${states.join(', ')}`
}

/** Returns what is wrong with a job, in words; empty where nothing is. */
function troubleOf({ error, stalled, silentSeconds }: JobRow): string {
  if (error !== null) return error
  if (stalled !== null) return `stalled: waits for ${stalled}`
  return silentSeconds === null ? '' : `the source has been silent for ${duration(1000 * silentSeconds)}`
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
