import { usageError } from '../frame/command-error.ts'
import type { Context } from '../frame/context.ts'
import { INCOMPLETE, OK } from '../frame/exit-codes.ts'
import type { Frame } from '../frame/frame.ts'
import { printable } from '../frame/table.ts'

interface ConflictRow {
  readonly id: string
  readonly winner: string
  readonly conflicts: readonly string[]
  readonly since: string
}

interface ConflictPage {
  readonly total_rows: number
  readonly rows: readonly ConflictRow[]
}

const DEFAULT_ROWS = '25'

/** Adds `conflicts`: documents in conflict, and how to resolve one. */
export function addConflicts(frame: Frame): void {
  const conflicts = frame
    .command('conflicts <database>', 'Lists the documents of a database that are in conflict.', [
      ['couchette conflicts orders', ''],
      ['couchette conflicts orders --limit 100 --from order-7', ''],
    ])
    .option('--limit <n>', 'documents to show', DEFAULT_ROWS)
    .option('--from <id>', 'the first document')
    .action(frame.run<ListOptions, [string]>(list))
  frame
    .command(
      'keep <database> <id> <rev>',
      'Resolves a conflict: keeps one revision, the others get tombstones.',
      [['couchette conflicts keep orders order-7 3-917fa2381192822767f010b95b45325b', '']],
      conflicts,
    )
    .action(frame.run<object, [string, string, string]>(keep))
}

interface ListOptions {
  readonly limit: string
  readonly from?: string
}

async function list(context: Context, { limit, from }: ListOptions, name: string): Promise<number> {
  if (!/^\d+$/.test(limit)) throw usageError('--limit takes a number.')
  const { server, path } = await context.database(name)
  const page = await server.get<ConflictPage>(`${path}/_conflicts`, {
    limit: Number(limit),
    ...(from === undefined ? {} : { startkey: from }),
  })
  await context.print(page, () => {
    const columns = [
      { title: 'DOCUMENT', shrinks: true },
      { title: 'WINNER' },
      { title: 'OTHERS' },
      { title: 'SINCE' },
    ]
    const rows = page.rows.map(({ id, winner, conflicts, since }) => [
      printable(id),
      printable(winner),
      String(conflicts.length),
      since,
    ])
    return page.total_rows === 0 ? 'No document is in conflict.' : context.table(columns, rows)
  })
  return OK
}

async function keep(
  context: Context,
  _options: object,
  name: string,
  id: string,
  rev: string,
): Promise<number> {
  const { server, path } = await context.database(name)
  const { rows } = await server.get<ConflictPage>(`${path}/_conflicts`, { startkey: id, endkey: id })
  const row = rows.find(found => found.id === id)
  const revs = row === undefined ? [] : [row.winner, ...row.conflicts]
  const answer = await server.send<{ conflicts: readonly string[] }>(
    'POST',
    `${path}/_conflicts/${encodeURIComponent(id)}`,
    { keep: rev, revs },
  )
  await context.print(answer, () => `${printable(id)} is at ${printable(rev)}.`)
  return answer.conflicts.length === 0 ? OK : INCOMPLETE
}
