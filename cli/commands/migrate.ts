import { writeFile } from 'node:fs/promises'
import { CommandError, usageError } from '../frame/command-error.ts'
import type { Context } from '../frame/context.ts'
import { FAILED, INCOMPLETE, OK } from '../frame/exit-codes.ts'
import { plural } from '../frame/format.ts'
import type { Frame } from '../frame/frame.ts'
import type { Server } from '../frame/server.ts'
import { fileFailure } from '../documents/file-failure.ts'
import { migrateDatabase } from '../migrate/migrate-database.ts'
import type { DatabaseReport } from '../migrate/migrate-database.ts'
import type { Migration } from '../migrate/migration.ts'
import { renderReport } from '../migrate/render-report.ts'
import type { MigrationReport } from '../migrate/render-report.ts'
import { Peers } from '../replication/peers.ts'
import type { RunState } from '../replication/run.ts'
import { progressOf } from './replicate.ts'

interface MigrateOptions {
  readonly databases?: string
  readonly exclude?: string
  readonly users?: boolean
  readonly jobs?: boolean
  readonly indexes?: boolean
  readonly compare?: boolean
  readonly dryRun?: boolean
  readonly report?: string
  readonly parallel: string
  readonly retries: string
}

interface Welcome {
  readonly couchdb?: string
  readonly version?: string
  readonly uuid?: string
}

/** Databases that every server keeps for itself. */
const OWN = new Set(['_global_changes', '_metadata', '_dbs', '_nodes'])

/** Adds `migrate`: moves all databases of a CouchDB to a server. */
export function addMigrate(frame: Frame): void {
  frame
    .command(
      'migrate <source>',
      'Moves all databases of a CouchDB (a URL or @PROFILE) to the server of --url: security, users, documents with all revisions in conflict, jobs, indexes; then compares. What is there already stays, so that the same command goes on where it was cut off.',
      [
        ['couchette migrate http://admin@couch.example:5984 --url http://127.0.0.1:5985', ''],
        ['couchette migrate @old --profile new --report migration.json', 'keeps the report'],
        ['couchette migrate @old --databases orders,customers --no-jobs', 'some of them'],
        ['couchette migrate @old --dry-run', 'lists what would be moved'],
      ],
    )
    .option('--databases <names>', 'these databases only, with commas between')
    .option('--exclude <names>', 'all but these databases')
    .option('--no-users', 'leaves out _users')
    .option('--no-jobs', 'leaves out the documents of _replicator databases, which would start to run')
    .option('--no-indexes', 'does not build the indexes of design documents')
    .option('--no-compare', 'does not compare both sides afterwards')
    .option('--dry-run', 'lists the databases and moves nothing')
    .option('--report <file>', 'writes the report as JSON')
    .option('--parallel <number>', 'databases that are moved at the same time', '2')
    .option('--retries <number>', 'times a failed request is sent again', '5')
    .action(frame.run<MigrateOptions, [string]>(migrate))
}

async function migrate(context: Context, options: MigrateOptions, from: string): Promise<number> {
  const [source, target] = [await context.serverAt(from), await context.server()]
  await checkServers(source, target)
  const names = chosen(await source.get<string[]>('_all_dbs'), options)
  if (options.dryRun === true) {
    await context.print(names, () => names.join('\n') || 'There is nothing to move.')
    return OK
  }
  const parallel = Number(options.parallel)
  if (!(parallel >= 1 && parallel <= 32)) throw usageError('--parallel takes a number from 1 to 32.')
  const peers = new Peers()
  const started = new Date()
  const databases: DatabaseReport[] = []
  const migration: Migration = {
    source,
    target,
    peers,
    signal: context.signal,
    settings: {
      indexes: options.indexes !== false,
      compare: options.compare !== false,
      retries: Number(options.retries),
    },
    show: shower(context, names, () => databases.length),
  }
  try {
    // Users first, as security names them; jobs last, when what they copy is there.
    for (const group of groups(names))
      await inParallel(group, parallel, async name => {
        const report = await migrateDatabase(migration, name)
        databases.push(report)
        context.progress.note(
          `${name}: ${report.ok ? 'done' : 'needs a look'}, ${plural(report.written, 'document')} written`,
        )
      })
  } catch (error) {
    context.progress.note('The migration is not complete. The same command goes on with it.')
    throw error
  } finally {
    await peers.close()
  }
  return finish(context, options, {
    ok: databases.every(({ ok }) => ok),
    source: source.url,
    target: target.url,
    started: started.toISOString(),
    milliseconds: Date.now() - started.getTime(),
    databases: databases.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name)),
    jobs: await jobsOf(target, names),
  })
}

async function checkServers(source: Server, target: Server): Promise<void> {
  const [from, to] = [await source.get<Welcome>(''), await target.get<Welcome>('')]
  for (const [server, { couchdb, version }] of [
    [source, from],
    [target, to],
  ] as const) {
    if (couchdb === undefined || version === undefined)
      throw new CommandError(`What answers at ${server.url} is no CouchDB.`, FAILED)
  }
  if (source.url === target.url || (from.uuid !== undefined && from.uuid === to.uuid))
    throw usageError('Source and target are the same server.')
}

function chosen(all: readonly string[], { databases, exclude, users, jobs }: MigrateOptions): string[] {
  const listed = databases?.split(',')
  const missing = listed?.find(name => !all.includes(name))
  if (missing !== undefined) throw usageError(`The source has no database ${missing}.`)
  const excluded = new Set(exclude?.split(','))
  return all.filter(
    name =>
      !OWN.has(name) &&
      !excluded.has(name) &&
      (listed === undefined || listed.includes(name)) &&
      (users !== false || name !== '_users') &&
      (jobs !== false || !isReplicator(name)),
  )
}

function isReplicator(name: string): boolean {
  return /(^|\/)_replicator$/.test(name)
}

function groups(names: readonly string[]): string[][] {
  const isUsers = (name: string): boolean => name === '_users'
  return [
    names.filter(isUsers),
    names.filter(name => !isUsers(name) && !isReplicator(name)),
    names.filter(isReplicator),
  ]
}

/** Works on so many items at the same time; the first failure stops those that have not begun, and is thrown in the end. */
async function inParallel<Item>(
  items: readonly Item[],
  parallel: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await work(item)
      } catch (error) {
        queue.length = 0
        throw error
      }
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: parallel }, lane))
  const failed = lanes.find(result => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

function shower(
  context: Context,
  names: readonly string[],
  done: () => number,
): (name: string, step: string, state?: RunState) => void {
  const progress = new Map<string, (state: RunState) => void>()
  return (name, step, state) => {
    const label = `${done() + 1} of ${names.length}  ${name}  `
    if (state === undefined) {
      context.progress.show(`${label}${step}`)
      return
    }
    const show = progress.get(name) ?? progressOf(context, label)
    progress.set(name, show)
    show(state)
  }
}

async function jobsOf(target: Server, names: readonly string[]): Promise<number> {
  if (!names.some(isReplicator)) return 0
  const { total_rows: jobs } = await target.get<{ total_rows: number }>('_scheduler/jobs', { limit: 1 })
  return jobs
}

async function finish(context: Context, options: MigrateOptions, report: MigrationReport): Promise<number> {
  context.progress.end()
  if (options.report !== undefined) {
    const text = `${JSON.stringify(report, undefined, 2)}\n`
    await writeFile(options.report, text).catch((error: unknown) => {
      throw fileFailure(error, options.report ?? '')
    })
  }
  await context.print(report, () => renderReport(context, report))
  return report.ok ? OK : INCOMPLETE
}
