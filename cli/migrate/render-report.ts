import type { Context } from '../frame/context.ts'
import { count, duration } from '../frame/format.ts'
import { printable } from '../frame/table.ts'
import type { Counts, DatabaseReport } from './migrate-database.ts'

/** Result of a migration, as `--json` and `--report` have it. */
export interface MigrationReport {
  readonly ok: boolean
  readonly source: string
  readonly target: string
  readonly started: string
  readonly milliseconds: number
  readonly databases: readonly DatabaseReport[]
  /** Replication jobs that now run at the target, too. */
  readonly jobs: number
}

const COLUMNS = [
  { title: 'DATABASE', shrinks: true },
  { title: 'DOCUMENTS', align: 'right' },
  { title: 'THERE', align: 'right' },
  { title: 'WRITTEN', align: 'right' },
  { title: 'REFUSED', align: 'right' },
  { title: 'MISSING', align: 'right' },
  { title: 'INDEXES', align: 'right' },
  { title: 'TOOK', align: 'right' },
  { title: 'RESULT' },
] as const
const EXAMPLES = 5

/** Lays out a migration as a table, with what is wrong under it. */
export function renderReport(context: Context, report: MigrationReport): string {
  const rows = report.databases.map(one => [
    printable(one.name),
    documents(one.source),
    documents(one.target),
    count(one.written),
    count(one.refusedTotal),
    one.comparison === null ? '–' : count(one.comparison.missing),
    count(one.indexes.filter(({ error }) => error === null).length),
    duration(one.milliseconds),
    one.ok ? 'equal' : 'look below',
  ])
  const table = context.table(
    COLUMNS,
    report.databases.some(({ comparison }) => comparison !== null)
      ? rows
      : rows.map(row => row.map(cell => (cell === 'equal' ? 'copied' : cell))),
  )
  const troubles = report.databases.flatMap(troublesOf).map(line => `${printable(line)}\n`)
  return `${table}${troubles.join('')}${conclusion(report)}\n`
}

function conclusion({ ok, databases, jobs, milliseconds }: MigrationReport): string {
  const failed = databases.filter(one => !one.ok).length
  const result = ok
    ? `All ${count(databases.length)} databases are at the target`
    : `${count(failed)} of ${count(databases.length)} databases need a look; the same command goes on with them`
  const running =
    jobs === 0
      ? ''
      : `\nReplication jobs at the target now: ${count(jobs)}. Stop them at the source; couchette jobs shows them.`
  return `${result} (${duration(milliseconds)}).${running}`
}

function troublesOf({ name, error, refused, refusedTotal, comparison, indexes }: DatabaseReport): string[] {
  return [
    ...(error === null ? [] : [`${name}: ${error}`]),
    ...refused
      .slice(0, EXAMPLES)
      .map(({ id, rev, error: word, reason }) => `${name}: refused ${id} ${rev}: ${word}: ${reason}`),
    ...(refusedTotal > EXAMPLES ? [`${name}: … and ${count(refusedTotal - EXAMPLES)} more refused`] : []),
    ...(comparison?.examples ?? []).slice(0, EXAMPLES).map(({ id, rev }) => `${name}: missing ${id} ${rev}`),
    ...indexes.flatMap(({ design, error: why }) => (why === null ? [] : [`${name}: ${design}: ${why}`])),
  ]
}

function documents(counts: Counts | null): string {
  return counts === null ? '–' : count(counts.documents)
}
