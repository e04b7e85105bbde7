import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { REPLICATION_DEFAULTS } from '../../protocol/replication-options.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import type { WriteFailure } from '../../replicator/peer.ts'
import { DocumentScanner } from '../documents/document-scanner.ts'
import type { ScannedDocument } from '../documents/document-scanner.ts'
import { DocumentWriter } from '../documents/document-writer.ts'
import { inOrder } from '../documents/in-order.ts'
import { openInput } from '../documents/input-file.ts'
import type { InputFile } from '../documents/input-file.ts'
import { CommandError, usageError } from '../frame/command-error.ts'
import { databaseUrl } from '../frame/connection.ts'
import type { Context, OpenDatabase } from '../frame/context.ts'
import { INCOMPLETE, NOT_FOUND, OK } from '../frame/exit-codes.ts'
import { requestFailure } from '../frame/failures.ts'
import { bytes, count, duration, perSecond, plural } from '../frame/format.ts'
import type { Frame } from '../frame/frame.ts'
import { Meter } from '../frame/progress.ts'
import { printable } from '../frame/table.ts'
import { Peers } from '../replication/peers.ts'

interface LoadOptions {
  readonly create?: boolean
  readonly partitioned?: boolean
  readonly resume?: boolean
  readonly batchSize: string
  readonly retries?: string
}

/** Position of a load in its file. */
interface Position {
  /** Bytes of the file's text up to which every document was written or refused. */
  end: number
  written: number
  readonly failures: WriteFailure[]
  refused: number
}

interface LoadState {
  readonly target: string
  readonly end: number
}

const BATCHES_AHEAD = 3
const MAX_BATCH_BYTES = 4 * 1024 * 1024
const SAVE_EVERY_MS = 1000
const LISTED_FAILURES = 20
const MAX_FAILURES = 1000

/** Adds `load`: writes the documents of a file to a database. */
export function addLoad(frame: Frame): void {
  frame
    .command(
      'load <database> [file]',
      'Writes the documents of a file, or of standard input, to a database. Takes documents in lines or in a list, answers of _all_docs, bodies for _bulk_docs, files of couchbackup; gzipped or not.',
      [
        ['couchette load orders orders.ndjson.gz --create', ''],
        ['couchette load orders orders.ndjson.gz --resume', 'goes on with a load that was cut off'],
        ['curl -s "$OTHER/db/_all_docs?include_docs=true" | couchette load @prod/orders', ''],
      ],
    )
    .option('--create', 'makes the database where there is none')
    .option('--partitioned', 'makes it a partitioned one')
    .option('--batch-size <number>', 'documents of a request', '500')
    .option(
      '--retries <number>',
      'times a failed request is sent again',
      String(REPLICATION_DEFAULTS.retriesPerRequest),
    )
    .option('--resume', 'passes over what an earlier load of the file has written')
    .action(frame.run<LoadOptions, [string, string | undefined]>(load))
}

async function load(context: Context, options: LoadOptions, name: string, file = '-'): Promise<number> {
  if (file === '-' && options.resume === true) throw usageError('--resume needs the file.')
  const database = await context.database(name)
  await prepare(database, options)
  const input = await openInput(file, context.io.stdin)
  const state = file === '-' ? undefined : `${file}.loaded`
  const skip = options.resume === true && state !== undefined ? await savedEnd(state, database) : 0
  const peers = new Peers()
  const position: Position = { end: skip, written: 0, failures: [], refused: 0 }
  const began = performance.now()
  try {
    await writeAll(context, peers, database, options, input, position, state)
    if (state !== undefined) await rm(state, { force: true })
  } catch (error) {
    if (state !== undefined) {
      await save(state, database, position)
      context.progress.note('The load is not complete: --resume goes on with it.')
    }
    throw error instanceof PeerError ? requestFailure(error, database.server.url) : error
  } finally {
    await peers.close()
  }
  return report(context, database, position, performance.now() - began)
}

async function prepare({ server, path, name }: OpenDatabase, options: LoadOptions): Promise<void> {
  if ((await server.find(path)) !== undefined) return
  if (options.create !== true && options.partitioned !== true)
    throw new CommandError(`${server.url} has no database ${name}: --create makes it.`, NOT_FOUND)
  await server.send('PUT', path, undefined, options.partitioned === true ? { partitioned: true } : {})
}

async function writeAll(
  context: Context,
  peers: Peers,
  { address }: OpenDatabase,
  options: LoadOptions,
  input: InputFile,
  position: Position,
  state: string | undefined,
): Promise<void> {
  const { signal } = context
  const retriesPerRequest = Number(options.retries)
  const client = peers.client(address, { ...REPLICATION_DEFAULTS, retriesPerRequest })
  const writer = new DocumentWriter(client)
  const show = progressOf(context, input)
  let savedAt = performance.now()
  const write = async (
    batch: readonly ScannedDocument[],
  ): Promise<[readonly ScannedDocument[], WriteFailure[]]> => [
    batch,
    await writer.write(
      batch.map(({ json }) => json),
      signal,
    ),
  ]
  const documents = batches(input, position.end, Number(options.batchSize))
  for await (const [batch, refused] of inOrder(documents, BATCHES_AHEAD, write)) {
    position.written += batch.length - refused.length
    position.refused += refused.length
    position.failures.push(...refused.slice(0, MAX_FAILURES - position.failures.length))
    position.end = batch.at(-1)?.end ?? position.end
    show(position)
    if (state === undefined || performance.now() - savedAt < SAVE_EVERY_MS) continue
    await save(state, { address }, position)
    savedAt = performance.now()
  }
  signal.throwIfAborted()
}

/** Returns the documents behind a position in batches of bounded size. */
async function* batches(input: InputFile, skip: number, most: number): AsyncGenerator<ScannedDocument[]> {
  const scanner = new DocumentScanner()
  let batch: ScannedDocument[] = []
  let size = 0
  let any = false
  for await (const chunk of input.text) {
    for (const document of scanner.push(chunk)) {
      any = true
      if (document.end <= skip) continue
      batch.push(document)
      size += document.json.length
      if (batch.length < most && size < MAX_BATCH_BYTES) continue
      yield batch
      batch = []
      size = 0
    }
  }
  if (batch.length > 0) yield batch
  if (scanner.incomplete)
    throw new CommandError('The file ends in the middle of a document: it was cut short.')
  if (!any && input.read() > 0)
    throw new CommandError('The file has no documents in any form that load takes.')
}

function progressOf({ progress }: Context, input: InputFile): (position: Position) => void {
  const [docs, moved] = [new Meter(), new Meter()]
  return ({ written, refused }) => {
    const read = input.read()
    const rate = moved.update(read)
    const left =
      input.size === null || rate === 0 ? '' : `  ${duration((1000 * (input.size - read)) / rate)} left`
    const lost = refused > 0 ? `  ${count(refused)} refused` : ''
    const text = `${plural(written, 'document')}, ${perSecond(docs.update(written))}  ${bytes(read)}, ${bytes(rate)}/s`
    progress.show(text + left + lost, input.size === null ? undefined : read / Math.max(1, input.size))
  }
}

async function report(
  context: Context,
  { address }: OpenDatabase,
  { written, refused, failures }: Position,
  ms: number,
): Promise<number> {
  context.progress.end()
  const url = databaseUrl(address)
  const value = { ok: refused === 0, database: url, written, refused, milliseconds: Math.round(ms), failures }
  await context.print(value, () => {
    const lines = failures
      .slice(0, LISTED_FAILURES)
      .map(({ id, rev, error, reason }) => printable(`refused: ${id} ${rev}  ${error}: ${reason}`))
    if (refused > LISTED_FAILURES) lines.push(`… and ${count(refused - LISTED_FAILURES)} more refused`)
    return [`${plural(written, 'document')} written to ${url}, in ${duration(ms)}.`, ...lines].join('\n')
  })
  return refused > 0 ? INCOMPLETE : OK
}

async function savedEnd(file: string, { address }: OpenDatabase): Promise<number> {
  let state: LoadState
  try {
    state = JSON.parse(await readFile(file, 'utf8')) as LoadState
  } catch {
    return 0
  }
  if (state.target !== databaseUrl(address))
    throw usageError(`The load to resume went to ${state.target}: load there, or without --resume.`)
  return state.end
}

/** A file whose directory is read-only can be loaded, but not resumed. */
async function save(
  file: string,
  { address }: Pick<OpenDatabase, 'address'>,
  { end }: Position,
): Promise<void> {
  const state: LoadState = { target: databaseUrl(address), end }
  await writeFile(`${file}.new`, JSON.stringify(state))
    .then(() => rename(`${file}.new`, file))
    .catch(() => undefined)
}
