import { Option } from 'commander'
import type { SourceSeq } from '../../protocol/checkpoint.ts'
import type { Change } from '../../replicator/peer.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import { usageError } from '../frame/command-error.ts'
import { databaseUrl } from '../frame/connection.ts'
import type { Context } from '../frame/context.ts'
import { OK } from '../frame/exit-codes.ts'
import { requestFailure } from '../frame/failures.ts'
import { bytes, count, duration, perSecond, plural } from '../frame/format.ts'
import type { Frame } from '../frame/frame.ts'
import { write } from '../frame/io.ts'
import { Meter } from '../frame/progress.ts'
import { DumpFile } from '../documents/dump-file.ts'
import type { DumpTarget } from '../documents/dump-file.ts'
import { DUMP_FORMATS, LAYOUTS } from '../documents/dump-format.ts'
import type { DumpFormat } from '../documents/dump-format.ts'
import { inOrder } from '../documents/in-order.ts'
import { RevisionReader } from '../documents/revisions.ts'
import { parseMembers, replicationMembers } from '../replication/options.ts'
import type { TypedOptions } from '../replication/options.ts'
import { Peers } from '../replication/peers.ts'

interface DumpOptions extends Pick<TypedOptions, 'selector' | 'docIds' | 'batchSize' | 'retries'> {
  readonly format: DumpFormat
  readonly gzip?: boolean
  readonly attachments?: boolean
  readonly deleted?: boolean
  readonly winners?: boolean
  readonly resume?: boolean
  readonly overwrite?: boolean
}

const BATCHES_AHEAD = 4
const CHECKPOINT_MS = 1000
const DEFAULT_BATCH = '200'

/** Position of a dump in the feed of its database. */
interface Position {
  since: SourceSeq
  documents: number
}

/** Adds `dump`: writes the documents of a database to a file. */
export function addDump(frame: Frame): void {
  frame
    .command(
      'dump <database> [file]',
      'Writes the documents of a database to a file, or to standard output.',
      [
        ['couchette dump orders orders.ndjson.gz', 'all revisions, with attachments, gzipped'],
        ['couchette dump orders orders.ndjson.gz --resume', 'goes on with a dump that was cut off'],
        ['couchette dump @prod/orders --format all_docs --winners | jq .', ''],
        ['couchette dump orders orders.backup --format couchbackup', 'for couchrestore'],
      ],
    )
    .addOption(new Option('--format <format>', 'lines, a list, ...').choices(DUMP_FORMATS).default('ndjson'))
    .option('--gzip', 'compresses it (default for files that end in .gz)')
    .option('--no-attachments', 'leaves attachments out')
    .option('--deleted', 'also deleted documents, so that a load deletes them')
    .option('--winners', 'winning revisions only')
    .option('--selector <json>', 'documents that match; @FILE reads it from a file')
    .option(
      '--doc-ids <ids>',
      'these documents, with commas between; @FILE reads a file with one in each line',
    )
    .option('--batch-size <number>', 'documents of a request', DEFAULT_BATCH)
    .option('--retries <number>', 'times a failed request is sent again (default: 5)')
    .option('--resume', 'goes on with the dump in the file')
    .option('--overwrite', 'replaces a file that is there')
    .action(frame.run<DumpOptions, [string, string | undefined]>(dump))
}

async function dump(
  context: Context,
  options: DumpOptions,
  name: string,
  file: string | undefined,
): Promise<number> {
  if (file === undefined && options.resume === true) throw usageError('--resume needs the file.')
  const database = await context.database(name)
  await database.server.get(database.path)
  const gzipped = options.gzip ?? file?.endsWith('.gz') ?? false
  if (file === undefined && gzipped)
    throw usageError('--gzip needs a file; a pipe through gzip does the same.')
  const { format, attachments = true, deleted = false, winners = false, selector, docIds } = options
  const identity = JSON.stringify([
    databaseUrl(database.address),
    { format, gzipped, attachments, deleted, winners, selector, docIds },
  ])
  const target =
    file === undefined
      ? standardOutput(context)
      : await DumpFile.open(file, {
          gzipped,
          identity,
          resume: options.resume === true,
          overwrite: options.overwrite === true,
        })
  const peers = new Peers()
  const began = performance.now()
  const position: Position = { since: target.resumed?.since ?? 0, documents: target.resumed?.documents ?? 0 }
  let complete = false
  try {
    const documents = await writeDump(context, peers, database.address, options, target, position)
    const ms = performance.now() - began
    complete = true
    context.progress.end()
    if (file !== undefined)
      await context.print({ ok: true, documents, file, milliseconds: Math.round(ms) }, () => {
        const what = plural(documents, options.winners === true ? 'document' : 'revision')
        return `${what} in ${file}, in ${duration(ms)}.`
      })
    return OK
  } catch (error) {
    await target.checkpoint(position.since, position.documents).catch(() => undefined)
    if (file !== undefined) context.progress.note('The dump is not complete: --resume goes on with it.')
    throw error instanceof PeerError ? requestFailure(error, database.server.url) : error
  } finally {
    await target.close(complete)
    await peers.close()
  }
}

async function writeDump(
  context: Context,
  peers: Peers,
  address: Parameters<Peers['open']>[0],
  options: DumpOptions,
  target: DumpTarget,
  position: Position,
): Promise<number> {
  const { signal } = context
  const parsed = parseMembers(await replicationMembers(options))
  const client = peers.client(address, parsed)
  const peer = peers.open(address, parsed)
  const reader = new RevisionReader(peer, client, options.attachments !== false)
  const layout = LAYOUTS[options.format]
  const onlyWinners = options.winners === true || options.format === 'all_docs'
  const withDeleted = options.deleted === true || options.format === 'couchbackup'
  if (target.resumed === undefined)
    await target.append(Buffer.from(layout.head(options.attachments !== false)))
  const request = {
    since: position.since,
    feed: 'normal',
    style: onlyWinners ? 'main_only' : 'all_docs',
    filter: parsed.filter,
    batchSize: parsed.workerBatchSize,
  } as const
  const total = (await peer.info(signal)).documents
  const show = progressOf(context, () => total)
  let savedAt = performance.now()
  const read = async ({
    rows,
    seq,
  }: {
    rows: readonly Change[]
    seq: SourceSeq
  }): Promise<[Buffer[], SourceSeq]> => {
    const found = await reader.read(rows, signal)
    return [withDeleted ? found : found.filter(json => !isDeleted(json)), seq]
  }
  for await (const [found, seq] of inOrder(peer.changes(request, signal), BATCHES_AHEAD, read)) {
    await target.append(layout.batch(found, position.documents))
    position.documents += found.length
    position.since = seq
    show(position.documents, peer.moved.received)
    if (performance.now() - savedAt < CHECKPOINT_MS) continue
    await target.checkpoint(position.since, position.documents)
    savedAt = performance.now()
  }
  signal.throwIfAborted()
  await target.append(Buffer.from(layout.tail))
  return position.documents
}

function progressOf({ progress }: Context, total: () => number): (documents: number, read: number) => void {
  const [docs, moved] = [new Meter(), new Meter()]
  return (documents, read) => {
    const text = `${count(documents)} written, ${perSecond(docs.update(documents))}  ${bytes(read)}, ${bytes(moved.update(read))}/s`
    progress.show(text, total() === 0 ? undefined : Math.min(0.99, documents / total()))
  }
}

function standardOutput({ io, signal }: Context): DumpTarget {
  return {
    resumed: undefined,
    append: text => write(io.stdout, text, signal),
    checkpoint: async () => undefined,
    close: async () => undefined,
  }
}

/** Few documents have the word in them, so that few are parsed. */
function isDeleted(json: Buffer): boolean {
  return (
    json.includes('"_deleted"') && (JSON.parse(json.toString()) as { _deleted?: unknown })._deleted === true
  )
}
