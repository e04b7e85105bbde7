import { PeerError } from '../../replicator/peer-error.ts'
import { wait } from '../../replicator/wait.ts'
import type { DatabaseAddress } from '../frame/connection.ts'
import { databaseUrl } from '../frame/connection.ts'
import type { Context } from '../frame/context.ts'
import { FAILED, INCOMPLETE, OK } from '../frame/exit-codes.ts'
import { requestFailure } from '../frame/failures.ts'
import { bytes, count, duration, perSecond, plural } from '../frame/format.ts'
import type { Frame } from '../frame/frame.ts'
import { Meter } from '../frame/progress.ts'
import { Server } from '../frame/server.ts'
import { printable } from '../frame/table.ts'
import { parseMembers, replicationMembers } from '../replication/options.ts'
import type { TypedOptions } from '../replication/options.ts'
import { Peers } from '../replication/peers.ts'
import { runReplication } from '../replication/run.ts'
import type { RunRequest, RunResult, RunState } from '../replication/run.ts'
import { replicateOn } from '../replication/server-job.ts'

interface ReplicateOptions extends TypedOptions {
  /** Server that is to run it as a job of its own. */
  readonly on?: string
  readonly id?: string
}

const FIRST_RETRY_MS = 1000
const MAX_RETRY_MS = 60_000
const LISTED_FAILURES = 20

const NOTHING_DONE: RunState = {
  docsRead: 0,
  docsWritten: 0,
  docWriteFailures: 0,
  bytesRead: 0,
  bytesWritten: 0,
  pending: null,
  fraction: null,
}

/** Adds `replicate`: copies a database to another, by itself or as a job of a server. */
export function addReplicate(frame: Frame): void {
  frame
    .command(
      'replicate <source> <target>',
      'Copies what a database lacks from another. Each is a URL, @PROFILE/NAME, or a name at the server of --url.',
      [
        ['couchette replicate orders https://far.example/orders --create-target', 'from this machine'],
        ['couchette replicate @prod/orders orders --continuous', 'goes on until Ctrl-C'],
        [`couchette replicate a b --selector '{"type":"order"}'`, 'some of the documents'],
        ['couchette replicate a b --doc-ids @ids.txt', 'ids from a file, one in each line'],
        ['couchette replicate a b --on http://127.0.0.1:5984 --continuous', 'as a job of that server'],
      ],
    )
    .option('--continuous', 'goes on with what changes from now on')
    .option('--create-target', 'makes the target where there is none')
    .option('--selector <json>', 'documents that match; @FILE reads it from a file')
    .option(
      '--doc-ids <ids>',
      'these documents, with commas between; @FILE reads a file with one in each line',
    )
    .option('--filter <design/name>', 'documents that a filter function of the source lets through')
    .option('--filter-param <name=value...>', 'parameters of that function')
    .option('--winning-revs-only', 'leaves conflicts behind')
    .option('--since <seq>', 'begins behind this sequence of the source, whatever the checkpoints say')
    .option('--no-checkpoints', 'neither reads nor writes checkpoints')
    .option('--batch-size <number>', 'changes of a batch (default: 500)')
    .option('--workers <number>', 'batches under way (default: 4)')
    .option('--retries <number>', 'times a failed request is sent again (default: 5)')
    .option('--on <url>', 'makes it a job of this server (a URL or @PROFILE), in its database _replicator')
    .option('--id <id>', 'id of that job; one is made of the names otherwise')
    .action(frame.run<ReplicateOptions, [string, string]>(replicate))
}

async function replicate(
  context: Context,
  options: ReplicateOptions,
  from: string,
  to: string,
): Promise<number> {
  const members = await replicationMembers(options)
  const parsed = parseMembers(members)
  if (options.on !== undefined)
    return replicateOn(context, {
      on: options.on,
      id: options.id,
      members,
      from,
      to,
      continuous: parsed.continuous,
    })
  const [source, target] = [await context.address(from), await context.address(to)]
  await checkReachable(context, source)
  await checkReachable(context, target)
  const peers = new Peers()
  try {
    const request = { source, target, options: parsed }
    const result = parsed.continuous
      ? await follow(context, peers, request)
      : await runReplication(peers, request, progressOf(context), context.signal)
    return await report(context, request, result)
  } catch (error) {
    if (context.signal.aborted)
      context.progress.note('Stopped. What was copied stays; the same command goes on from there.')
    if (error instanceof PeerError) throw requestFailure(error, source.connection.url)
    throw error
  } finally {
    await peers.close()
  }
}

/** Says at once, and not after some retries, that a server cannot be reached or does not let us in. */
async function checkReachable(context: Context, { connection }: DatabaseAddress): Promise<void> {
  const server = new Server(connection, context.signal)
  await server.get('').finally(() => server.close())
}

/** Runs a continuous replication until Ctrl-C; what may pass is waited for. The result counts all runs. */
async function follow(context: Context, peers: Peers, request: RunRequest): Promise<RunResult> {
  const show = progressOf(context)
  const began = performance.now()
  let waitMs = FIRST_RETRY_MS
  let total = NOTHING_DONE
  for (;;) {
    const before = total
    try {
      const shown = (state: RunState): void => {
        total = sumOf(before, state)
        if (state.docsRead > 0) waitMs = FIRST_RETRY_MS
        show(total)
      }
      return await runReplication(peers, request, shown, context.signal)
    } catch (error) {
      if (context.signal.aborted)
        return { ...total, failures: [], rewinds: [], ms: performance.now() - began }
      if (!(error instanceof PeerError) || !error.transient) throw error
      context.progress.note(`${error.message}; tries again in ${duration(waitMs)}`)
    }
    const keepAlive = setTimeout(() => undefined, waitMs)
    // Where it is stopped meanwhile, the next run ends at once.
    await wait(waitMs, context.signal).catch(() => undefined)
    clearTimeout(keepAlive)
    waitMs = Math.min(MAX_RETRY_MS, waitMs * 2)
  }
}

function sumOf(before: RunState, now: RunState): RunState {
  return {
    ...now,
    docsRead: before.docsRead + now.docsRead,
    docsWritten: before.docsWritten + now.docsWritten,
    docWriteFailures: before.docWriteFailures + now.docWriteFailures,
    bytesRead: before.bytesRead + now.bytesRead,
    bytesWritten: before.bytesWritten + now.bytesWritten,
  }
}

/** Returns what shows the states of a run: documents, their rate, bytes, what is pending and the time left. */
export function progressOf({ progress }: Context, label = ''): (state: RunState) => void {
  const [docs, moved, left] = [new Meter(), new Meter(), new Meter(30_000)]
  return state => {
    const { docsWritten, bytesRead, pending, fraction } = state
    const docRate = docs.update(docsWritten)
    const byteRate = moved.update(bytesRead)
    const doneRate = left.update(-(pending ?? 0))
    const parts = [
      `${label}${plural(docsWritten, 'document')}, ${perSecond(docRate)}`,
      `${bytes(bytesRead)}, ${bytes(byteRate)}/s`,
      ...(pending === null ? [] : [`${count(pending)} pending`]),
      ...(pending !== null && pending > 0 && doneRate > 0
        ? [`${duration((1000 * pending) / doneRate)} left`]
        : []),
      ...(state.docWriteFailures > 0 ? [`${count(state.docWriteFailures)} refused`] : []),
    ]
    progress.show(parts.join('  '), fraction ?? undefined)
  }
}

async function report(context: Context, request: RunRequest, result: RunResult): Promise<number> {
  context.progress.end()
  const { docsRead, docsWritten, docWriteFailures, bytesRead, failures, rewinds, ms } = result
  const value = {
    ok: docWriteFailures === 0,
    source: databaseUrl(request.source),
    target: databaseUrl(request.target),
    docs_read: docsRead,
    docs_written: docsWritten,
    doc_write_failures: docWriteFailures,
    bytes_read: bytesRead,
    changes_pending: result.pending,
    milliseconds: Math.round(ms),
    rewinds,
    failures,
  }
  await context.print(value, () => {
    const lines = [
      `${plural(docsWritten, 'document')} (${bytes(bytesRead)}) ${ms > 0 ? `in ${duration(ms)} ` : ''}to ${value.target}`,
      ...rewinds.map(({ reason }) => `Went back before an earlier checkpoint: ${printable(reason)}`),
      ...failures
        .slice(0, LISTED_FAILURES)
        .map(({ id, rev, status, error, reason }) =>
          printable(`refused: ${id} ${rev}  ${status} ${error}: ${reason}`),
        ),
    ]
    if (docWriteFailures > LISTED_FAILURES)
      lines.push(`… and ${count(docWriteFailures - LISTED_FAILURES)} more refused`)
    return lines.join('\n')
  })
  if (context.signal.aborted && !request.options.continuous) return FAILED
  return docWriteFailures > 0 ? INCOMPLETE : OK
}
