import { createHash } from 'node:crypto'
import { wait } from '../../replicator/wait.ts'
import { CommandError, usageError } from '../frame/command-error.ts'
import type { DatabaseAddress } from '../frame/connection.ts'
import type { Context } from '../frame/context.ts'
import { FAILED, INCOMPLETE, OK } from '../frame/exit-codes.ts'
import { count, perSecond, plural } from '../frame/format.ts'
import { Meter } from '../frame/progress.ts'
import type { Server } from '../frame/server.ts'
import { printable } from '../frame/table.ts'
import { endpointJson } from './peers.ts'

export interface ServerJobRequest {
  /** The server that runs it: a URL or `@PROFILE`. */
  readonly on: string
  readonly id: string | undefined
  /** Options as members of a replication document. */
  readonly members: Record<string, unknown>
  readonly from: string
  readonly to: string
  readonly continuous: boolean
}

/** A document's job in `_scheduler/docs`, as far as it is shown. */
interface DocsEntry {
  readonly state: string | null
  readonly info: Readonly<Record<string, unknown>> | null
}

const POLL_MS = 500

/**
 * Makes a replication a job of a server, in its database `_replicator`. A continuous one is left to the server; of
 * another the end is waited for, and Ctrl-C leaves it running.
 */
export async function replicateOn(context: Context, request: ServerJobRequest): Promise<number> {
  const server = await context.serverAt(request.on)
  const source = await addressOn(context, server, request.from)
  const target = await addressOn(context, server, request.to)
  const id = request.id ?? jobIdOf(source, target, request.members)
  const document = { ...request.members, source: endpointJson(source), target: endpointJson(target) }
  return runJob(context, server, { id, document, continuous: request.continuous })
}

/** Puts a document into `_replicator`, and waits for the end of its job unless it is continuous. */
export async function runJob(
  context: Context,
  server: Server,
  job: { readonly id: string; readonly document: object; readonly continuous: boolean },
): Promise<number> {
  const { id } = job
  const path = `_replicator/${encodeURIComponent(id)}`
  const before = await server.find<Record<string, unknown>>(path)
  await server.send('PUT', path, { ...(before === undefined ? {} : { _rev: before._rev }), ...job.document })
  if (job.continuous) {
    await context.print(
      { ok: true, database: '_replicator', id },
      () => `The job ${id} of ${server.url} follows the source. couchette jobs show ${id} tells how it does.`,
    )
    return OK
  }
  return waitForEnd(context, server, id)
}

/** A plain name is a database of the server that runs the job. */
export async function addressOn(
  context: Context,
  { connection }: Server,
  text: string,
): Promise<DatabaseAddress> {
  if (text === '') throw usageError('The name of the database is empty.')
  if (/^https?:\/\//i.test(text) || text.startsWith('@')) return context.address(text)
  return { connection, database: text }
}

async function waitForEnd(context: Context, server: Server, id: string): Promise<number> {
  const rate = new Meter()
  const path = `_scheduler/docs/_replicator/${encodeURIComponent(id)}`
  for (;;) {
    // The scheduler may not have seen the document yet.
    const { state, info } = (await server.find<DocsEntry>(path)) ?? { state: null, info: null }
    if (state === 'completed' || state === 'failed') return ended(context, id, state, info ?? {})
    const written = Number(info?.docs_written ?? 0)
    const pending = info?.changes_pending
    const error = typeof info?.error === 'string' ? `  ${printable(info.error)}` : ''
    const left = typeof pending === 'number' ? `  ${count(pending)} pending` : ''
    const fraction = typeof pending === 'number' ? written / Math.max(1, written + pending) : undefined
    const shown = `${state ?? 'starting'}  ${plural(written, 'document')}, ${perSecond(rate.update(written))}`
    context.progress.show(`${shown}${left}${error}`, fraction)
    const keepAlive = setTimeout(() => undefined, POLL_MS)
    try {
      await wait(POLL_MS, context.signal)
    } catch (cause) {
      if (!context.signal.aborted) throw cause
      throw new CommandError(
        `The job ${id} goes on at ${server.url}: couchette jobs stop ${id} ends it.`,
        FAILED,
      )
    } finally {
      clearTimeout(keepAlive)
    }
  }
}

async function ended(
  context: Context,
  id: string,
  state: string,
  info: Readonly<Record<string, unknown>>,
): Promise<number> {
  context.progress.end()
  if (state === 'failed')
    throw new CommandError(
      `The job ${id} failed: ${printable(typeof info.error === 'string' ? info.error : 'unknown')}`,
      FAILED,
    )
  const refused = Number(info.doc_write_failures ?? 0)
  await context.print({ ok: refused === 0, database: '_replicator', id, state, info }, () => {
    const lost = refused > 0 ? `, ${count(refused)} refused (couchette jobs failures ${id})` : ''
    return `The job ${id} is completed: ${plural(Number(info.docs_written ?? 0), 'document')} written${lost}.`
  })
  return refused > 0 ? INCOMPLETE : OK
}

/** Returns an id that equal jobs share, so that a command that is run again goes on with its job. */
function jobIdOf(source: DatabaseAddress, target: DatabaseAddress, members: object): string {
  const identity = JSON.stringify([
    source.connection.url,
    source.database,
    target.connection.url,
    target.database,
    members,
  ])
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 8)
  const name = (text: string): string => text.replace(/[^\w-]+/g, '-').replace(/^_+/, '')
  return `${name(source.database)}-to-${name(target.database)}-${hash}`
}
