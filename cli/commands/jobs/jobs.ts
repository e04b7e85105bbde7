import { CommandError } from '../../frame/command-error.ts'
import type { Context } from '../../frame/context.ts'
import { FAILED, OK } from '../../frame/exit-codes.ts'
import { ago, count, plural } from '../../frame/format.ts'
import type { Frame } from '../../frame/frame.ts'
import type { Server } from '../../frame/server.ts'
import { printable } from '../../frame/table.ts'
import { watch } from '../../frame/watch.ts'
import { documentPath, findJob, nameOf, readJobs } from './job-list.ts'
import type { JobRow } from './job-list.ts'
import { renderJob, renderJobs } from './render-jobs.ts'

interface ListOptions {
  readonly watch?: string | true
  readonly state?: string
}

interface Failure {
  readonly id: string
  readonly rev: string
  readonly status: number
  readonly error: string
  readonly reason: string
  readonly first: string
  readonly last: string
  readonly tries: number
}

/** Adds `jobs`: the replications of a server, what they are waiting for, and what to do about it. */
export function addJobs(frame: Frame): void {
  const jobs = frame
    .command('jobs', 'Lists the replication jobs of a server, those that need somebody first.', [
      ['couchette jobs', ''],
      ['couchette jobs --watch', 'again every two seconds, until Ctrl-C'],
      ['couchette jobs --state crashing,failed --json', ''],
      ['couchette jobs retry orders', 'starts a job again at once'],
    ])
    .option('--watch [seconds]', 'shows them again and again')
    .option('--state <states>', 'those in these states only, with commas between')
    .action(frame.run<ListOptions>(list))
  frame
    .command(
      'show <job>',
      'Shows a job: its counters, its trouble, its history.',
      [['couchette jobs show orders', '']],
      jobs,
    )
    .action(frame.run<object, [string]>(show))
  frame
    .command(
      'stop <job>',
      'Stops a job for good: its document is deleted; what it copied stays.',
      [['couchette jobs stop orders', '']],
      jobs,
    )
    .action(frame.run<object, [string]>(stop))
  frame
    .command(
      'retry <job>',
      'Starts a job again at once: one that crashed, failed or is completed.',
      [['couchette jobs retry orders', '']],
      jobs,
    )
    .action(frame.run<object, [string]>(retry))
  frame
    .command(
      'failures <job>',
      'Lists the documents that the target of a job refused.',
      [
        ['couchette jobs failures orders', ''],
        ['couchette jobs failures orders --retry', 'offers them again'],
      ],
      jobs,
    )
    .option('--retry', 'offers them to the target again')
    .action(frame.run<{ readonly retry?: boolean }, [string]>(failures))
}

async function list(context: Context, options: ListOptions): Promise<number> {
  const server = await context.server()
  const states = options.state?.split(',')
  const read = async (): Promise<JobRow[]> =>
    (await readJobs(server)).filter(({ state }) => states === undefined || states.includes(state))
  if (options.watch !== undefined)
    return watch(context, options.watch, read, jobs => renderJobs(context, jobs))
  await context.print(await read(), jobs => renderJobs(context, jobs))
  return OK
}

async function show(context: Context, _options: object, name: string): Promise<number> {
  await context.print(await findJob(await context.server(), name), renderJob)
  return OK
}

async function stop(context: Context, _options: object, name: string): Promise<number> {
  const server = await context.server()
  const job = await findJob(server, name)
  if (job.doc === null) await server.send('POST', '_replicate', { replication_id: job.id, cancel: true })
  else
    await server.send('DELETE', documentPath(job), undefined, { rev: (await documentOf(server, job))._rev })
  await context.print({ ok: true, job: nameOf(job) }, () => `The job ${printable(nameOf(job))} is stopped.`)
  return OK
}

/** Writes the document of a job again without the state of its last run, which has the scheduler begin at once. */
async function retry(context: Context, _options: object, name: string): Promise<number> {
  const server = await context.server()
  const job = await findJob(server, name)
  if (job.doc === null)
    throw new CommandError(
      `The job ${name} came by _replicate, not by a document: it is started again by the request that made it.`,
      FAILED,
    )
  const document = await documentOf(server, job)
  const members = Object.entries(document).filter(([member]) => !member.startsWith('_replication_'))
  await server.send('PUT', documentPath(job), Object.fromEntries(members))
  await context.print({ ok: true, job: nameOf(job) }, () => `The job ${printable(nameOf(job))} starts again.`)
  return OK
}

async function failures(
  context: Context,
  options: { readonly retry?: boolean },
  name: string,
): Promise<number> {
  const server = await context.server()
  const job = await findJob(server, name)
  if (job.doc === null)
    throw new CommandError(`The job ${name} has no document: its refused documents are counted only.`)
  const database = (job.database ?? '').split('/').map(encodeURIComponent).join('/')
  const path = `_scheduler/docs/${database}/${encodeURIComponent(job.doc)}/failures`
  if (options.retry === true) {
    const done = await server.send<{ written: number; failures: number }>('POST', path, {})
    await context.print(
      done,
      ({ written, failures: left }) =>
        `${plural(written, 'document')} written, ${count(left)} refused again.`,
    )
    return OK
  }
  const listed = await server.get<{ total: number; failures: Failure[] }>(path)
  await context.print(listed, () => renderFailures(context, listed))
  return OK
}

function renderFailures(
  context: Context,
  { total, failures: listed }: { readonly total: number; readonly failures: readonly Failure[] },
): string {
  if (listed.length === 0) return `No documents are refused now (${count(total)} since the job was made).`
  const columns = [
    { title: 'DOCUMENT' },
    { title: 'REVISION' },
    { title: 'STATUS', align: 'right' },
    { title: 'TRIES', align: 'right' },
    { title: 'LAST' },
    { title: 'REASON', shrinks: true },
  ] as const
  const rows = listed.map(({ id, rev, status, error, reason, last, tries }) =>
    [id, rev, String(status), String(tries), ago(last), `${error}: ${reason}`].map(printable),
  )
  return context.table(columns, rows)
}

function documentOf(
  server: Server,
  job: JobRow,
): Promise<Record<string, unknown> & { readonly _rev: string }> {
  return server.get(documentPath(job))
}
