import { tmpdir } from 'node:os'
import { parseOptions, REPLICATION_DEFAULTS } from '../../protocol/replication-options.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import { usageError } from '../frame/command-error.ts'
import { type DatabaseAddress, parseUrl } from '../frame/connection.ts'
import type { Context } from '../frame/context.ts'
import { INCOMPLETE, OK } from '../frame/exit-codes.ts'
import { requestFailure } from '../frame/failures.ts'
import { plural } from '../frame/format.ts'
import type { Frame } from '../frame/frame.ts'
import { Server } from '../frame/server.ts'
import type { DamagedDocuments, DataOptions, LocalCommands, ServedData } from '../local-commands.ts'
import { Peers } from '../replication/peers.ts'
import { runReplication } from '../replication/run.ts'
import { progressOf } from './replicate.ts'

interface Options extends DataOptions {
  readonly from?: string
  readonly backups?: string
  readonly at?: string
  readonly directory: string
}

interface Outcome {
  readonly database: string
  /** Documents that were taken from the peer. */
  readonly restored: readonly string[]
  /** Documents that the peer does not have: they stay as they are. */
  readonly missing: readonly string[]
}

/** Adds `restore-damaged`: takes documents that are damaged on disk from a peer or a backup. */
export function addRestoreDamaged(frame: Frame, commands: LocalCommands): void {
  frame
    .command(
      'restore-damaged',
      'Takes documents that are damaged on disk from another server or a backup, while the server does not run.',
      [
        ['couchette restore-damaged --data /srv/couch --from https://admin:pass@other:6984', ''],
        ['couchette restore-damaged --data /srv/couch --backups /srv/backups', 'from the newest backup'],
      ],
    )
    .option('--data <directory>', 'directory of the databases and the configuration', './data')
    .option('--from <url>', 'server that has the same databases')
    .option('--backups <place>', 'where `couchette backup` writes to: a directory, or s3://bucket/prefix')
    .option('--at <time>', 'takes the newest backup of that moment or before (default: the newest)')
    .option('--directory <directory>', 'where there is room for the whole backup meanwhile', tmpdir())
    .option('--encryption-key-file <file>', 'key that the data is encrypted under')
    .action(
      frame.run<Options>(async (context, options) => {
        if ((options.from === undefined) === (options.backups === undefined))
          throw usageError('Name a server with --from, or a backup with --backups.')
        return restoreDamaged(context, commands, options)
      }),
    )
}

async function restoreDamaged(context: Context, commands: LocalCommands, options: Options): Promise<number> {
  const { damaged, records, beyond } = await commands.findDamaged(options)
  const outcomes: Outcome[] = []
  for (const documents of damaged) outcomes.push(await restoreDatabase(context, commands, options, documents))
  await commands.noteRestored(options)
  await context.print({ outcomes, records, beyond }, () => linesOf(outcomes, records, beyond))
  const isWhole = beyond.length === 0 && outcomes.every(({ missing }) => missing.length === 0)
  return isWhole ? OK : INCOMPLETE
}

async function restoreDatabase(
  context: Context,
  commands: LocalCommands,
  options: Options,
  { database, documents }: DamagedDocuments,
): Promise<Outcome> {
  if (documents.length === 0) {
    await commands.removeDocuments(options, [{ database, documents }])
    return { database, restored: [], missing: [] }
  }
  const peer = await openPeer(commands, options, database)
  try {
    const source = addressOf(peer.url, database)
    const there = await idsAt(context, source, documents)
    // What nobody else has is left: other revisions of it may still be read.
    await commands.removeDocuments(options, [{ database, documents: there }])
    if (there.length > 0) await fetch(context, commands, options, { source, documents: there })
    const known = new Set(there)
    return { database, restored: there, missing: documents.filter(id => !known.has(id)) }
  } finally {
    await peer.close()
  }
}

async function openPeer(commands: LocalCommands, options: Options, database: string): Promise<ServedData> {
  if (options.from !== undefined) return { url: options.from, close: () => Promise.resolve() }
  const { backups = '', at, directory, encryptionKeyFile: key } = options
  return commands.openBackup({
    backups,
    database,
    directory,
    ...(at === undefined ? {} : { at }),
    ...(key === undefined ? {} : { encryptionKeyFile: key }),
  })
}

function addressOf(text: string, database: string): DatabaseAddress {
  const { url, credentials = {} } = parseUrl(text)
  return { connection: { url, credentials, insecure: false }, database }
}

/** Returns those of the documents that a server has, deleted or not. */
async function idsAt(
  context: Context,
  { connection, database }: DatabaseAddress,
  keys: readonly string[],
): Promise<readonly string[]> {
  const server = new Server(connection, context.signal)
  try {
    const path = `${encodeURIComponent(database)}/_all_docs`
    const { rows } = await server.send<{
      rows: readonly { readonly key: string; readonly error?: string }[]
    }>('POST', path, { keys })
    return rows.flatMap(({ key, error }) => (error === undefined ? [key] : []))
  } finally {
    await server.close()
  }
}

/** @throws {CommandError} where the peer fails; the command can be run again */
async function fetch(
  context: Context,
  commands: LocalCommands,
  options: Options,
  { source, documents }: { source: DatabaseAddress; documents: readonly string[] },
): Promise<void> {
  const served = await commands.serveData(options)
  const peers = new Peers()
  try {
    const target = addressOf(served.url, source.database)
    const replication = parseOptions({ use_checkpoints: false, doc_ids: documents }, REPLICATION_DEFAULTS)
    await runReplication(peers, { source, target, options: replication }, progressOf(context), context.signal)
    context.progress.end()
  } catch (error) {
    throw error instanceof PeerError ? requestFailure(error, source.connection.url) : error
  } finally {
    await peers.close()
    await served.close()
  }
}

function linesOf(outcomes: readonly Outcome[], records: number, beyond: readonly string[]): string {
  const lines = outcomes.flatMap(({ database, restored, missing }) => [
    `${database}: ${plural(restored.length, 'document')} restored`,
    ...missing.map(id => `${database}/${id} is damaged, and not at the other side`),
  ])
  if (records > 0) lines.push(`${plural(records, 'record')} of indexes, counts and logs removed`)
  lines.push(...beyond)
  return lines.length === 0 ? 'Nothing is damaged.' : lines.join('\n')
}
