import { EventSource } from 'eventsource'
import { usageError } from '../frame/command-error.ts'
import type { Context, OpenDatabase } from '../frame/context.ts'
import { painter } from '../frame/colour.ts'
import { OK } from '../frame/exit-codes.ts'
import { refusalError } from '../frame/failures.ts'
import { localTime } from '../frame/format.ts'
import type { Frame } from '../frame/frame.ts'
import { colouredJson } from '../frame/json-colours.ts'
import { write } from '../frame/io.ts'
import { printable } from '../frame/table.ts'
import { selectorOf } from '../replication/options.ts'

interface TailOptions {
  readonly since?: string
  readonly includeDocs?: boolean
  readonly selector?: string
  readonly filter?: string
  readonly allLeaves?: boolean
  readonly limit?: string
}

/** A row of the feed, as far as it is shown. */
interface Row {
  readonly seq: string | number
  readonly id: string
  readonly changes: readonly { readonly rev: string }[]
  readonly deleted?: boolean
}

const HEARTBEAT_MS = 30_000
const SHOWN_SEQ = 12

/** Adds `tail`: follows the changes of a database as they come. */
export function addTail(frame: Frame): void {
  frame
    .command(
      'tail <database>',
      'Follows the changes of a database (a name, a URL or @PROFILE/NAME) until Ctrl-C.',
      [
        ['couchette tail orders', 'what changes from now on'],
        ['couchette tail orders --since 0 --include-docs', 'everything, with the documents'],
        [
          `couchette tail orders --selector '{"type":"order"}' --json`,
          'the rows as they are sent, to be piped',
        ],
        ['couchette tail http://127.0.0.1:5984/orders --limit 1', 'waits for one change'],
      ],
    )
    .option('--since <seq>', 'begins behind this sequence; 0 for everything', 'now')
    .option('--include-docs', 'shows the documents')
    .option('--selector <json>', 'documents that match; @FILE reads it from a file')
    .option('--filter <name>', 'filter of a design document: DESIGN/NAME')
    .option('--all-leaves', 'lists revisions in conflict, too')
    .option('--limit <number>', 'ends after so many changes')
    .action(frame.run(tail))
}

async function tail(context: Context, options: TailOptions, name: string): Promise<number> {
  if (options.selector !== undefined && options.filter !== undefined)
    throw usageError('--selector and --filter are two filters: give one of them.')
  const limit = options.limit === undefined ? Number.POSITIVE_INFINITY : Number(options.limit)
  if (!(limit >= 1)) throw usageError(`--limit takes a number of changes, not "${options.limit}".`)
  const database = await context.database(name)
  const selector = options.selector === undefined ? undefined : await selectorOf(options.selector)
  const show = rowPrinter(context, options)
  let left = limit
  let shown = Promise.resolve()
  await follow(context, database, urlOf(database, options), selector, text => {
    if (left-- <= 0) return false
    shown = shown.then(() => show(text))
    return left > 0
  })
  await shown
  return OK
}

/**
 * Follows a feed until `row` returns false or the signal is aborted. A feed that is cut is resumed where it stood; one that
 * never began, or that the server refuses, is an error.
 */
async function follow(
  context: Context,
  { server }: OpenDatabase,
  url: string,
  selector: object | undefined,
  row: (json: string) => boolean,
): Promise<void> {
  const { signal } = context
  let opened = false
  await new Promise<void>((resolve, reject) => {
    const end = (error?: unknown): void => {
      events.close()
      signal.removeEventListener('abort', onAbort)
      if (error instanceof Error) reject(error)
      else resolve()
    }
    const onAbort = (): void => end()
    const request = async (input: string | URL, init: object): Promise<Response> => {
      const body = selector === undefined ? {} : { method: 'POST', body: JSON.stringify({ selector }) }
      const headers = { ...(init as { headers?: object }).headers, 'content-type': 'application/json' }
      const answer = await server.fetch(input, { ...init, ...body, headers }).catch((error: unknown) => {
        if (!opened && !signal.aborted) end(server.failure(error))
        throw error
      })
      if (answer.status < 400) return answer
      end(refusalError(answer.status, reasonIn(await answer.text()), server.url))
      return answer
    }
    const events = new EventSource(url, { fetch: request as unknown as typeof globalThis.fetch })
    events.addEventListener('open', () => (opened = true))
    events.addEventListener('error', () => {
      if (opened && events.readyState === events.CONNECTING)
        context.progress.note(`The feed of ${server.url} was cut; it is resumed where it stood.`)
    })
    events.addEventListener('message', ({ data }) => {
      if (!row(String(data))) end()
    })
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) end()
  })
}

function urlOf({ server, path }: OpenDatabase, options: TailOptions): string {
  const query = new URLSearchParams({
    feed: 'eventsource',
    since: options.since ?? 'now',
    heartbeat: String(HEARTBEAT_MS),
    ...(options.includeDocs === true ? { include_docs: 'true' } : {}),
    ...(options.selector === undefined ? {} : { filter: '_selector' }),
    ...(options.filter === undefined ? {} : { filter: options.filter }),
    ...(options.allLeaves === true ? { style: 'all_docs' } : {}),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  })
  return `${server.url}/${path}/_changes?${query.toString()}`
}

/** Returns what prints a row: its text as it came with `--json`, else time, sequence, id and revisions. */
function rowPrinter(context: Context, { includeDocs }: TailOptions): (json: string) => Promise<void> {
  const paint = painter(context.colours)
  return async json => {
    if (context.json) return write(context.io.stdout, `${json}\n`, context.signal)
    const { seq, id, changes, deleted } = JSON.parse(json) as Row
    const revs = changes.map(({ rev }) => rev).join(' ')
    const parts = [
      paint(localTime(new Date()).slice(11), 'dim'),
      paint(String(seq).slice(0, SHOWN_SEQ), 'cyan'),
      paint(printable(id), 'bold'),
      printable(revs),
      ...(deleted === true ? [paint('deleted', 'red')] : []),
    ]
    const doc = includeDocs === true ? documentIn(json) : undefined
    await write(context.io.stdout, `${parts.join('  ')}\n`, context.signal)
    if (doc !== undefined) await write(context.io.stdout, `  ${colouredJson(doc, paint)}\n`, context.signal)
  }
}

/** Returns the text of the row's document as it came: numbers stay as they are written. */
function documentIn(json: string): string | undefined {
  const at = json.search(/,"doc":[{n]/)
  return at < 0 ? undefined : json.slice(at + 7, -1)
}

function reasonIn(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
