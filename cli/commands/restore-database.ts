import { tmpdir } from 'node:os'
import { parseOptions, REPLICATION_DEFAULTS } from '../../protocol/replication-options.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import { parseUrl } from '../frame/connection.ts'
import type { Context } from '../frame/context.ts'
import { INCOMPLETE, OK } from '../frame/exit-codes.ts'
import { requestFailure } from '../frame/failures.ts'
import { plural } from '../frame/format.ts'
import type { Frame } from '../frame/frame.ts'
import { Server } from '../frame/server.ts'
import type { LocalCommands } from '../local-commands.ts'
import { copySettings, type DatabaseProps, makeDatabase } from '../replication/make-target.ts'
import { Peers } from '../replication/peers.ts'
import { runReplication } from '../replication/run.ts'
import { progressOf } from './replicate.ts'

interface RestoreDatabaseOptions {
  readonly at?: string
  readonly directory: string
  readonly encryptionKeyFile?: string
}

/** Settings of a database that are moved beside its documents. */
const SETTINGS = ['_security', '_revs_limit', '_purged_infos_limit']

/** Adds `restore-database`: brings one database of a backup to a running server, under another name if one wants. */
export function addRestoreDatabase(frame: Frame, { openBackup }: LocalCommands): void {
  frame
    .command(
      'restore-database <backups> <database> <target>',
      'Brings one database of a backup to a running server. The target is a URL, @PROFILE/NAME, or a name at the server of --url.',
      [
        ['couchette restore-database /srv/backups orders orders-of-may --at 2026-05-01T12:00:00Z', ''],
        [
          'couchette restore-database /srv/backups orders orders',
          'what is there stays: documents of the backup become conflicts where they differ',
        ],
      ],
    )
    .option('--at <time>', 'takes the newest backup of that moment or before (default: the newest)')
    .option('--directory <directory>', 'where there is room for the whole backup meanwhile', tmpdir())
    .option('--encryption-key-file <file>', 'key that the backup is encrypted under')
    .action(
      frame.run<RestoreDatabaseOptions, [string, string, string]>(
        async (context, options, backups, database, target) => {
          const { at, directory, encryptionKeyFile: key } = options
          const backup = await openBackup({
            backups,
            database,
            directory,
            ...(at === undefined ? {} : { at }),
            ...(key === undefined ? {} : { encryptionKeyFile: key }),
          })
          try {
            return await restoreDatabase(context, backup, database, target)
          } finally {
            await backup.close()
          }
        },
      ),
    )
}

async function restoreDatabase(
  context: Context,
  backup: { readonly url: string; readonly created: string },
  database: string,
  name: string,
): Promise<number> {
  const { url, credentials = {} } = parseUrl(backup.url)
  const source = { connection: { url, credentials, insecure: false }, database }
  const target = await context.address(name)
  const [from, to] = [
    new Server(source.connection, context.signal),
    new Server(target.connection, context.signal),
  ]
  const peers = new Peers()
  try {
    const [there, here] = [
      { server: from, path: encodeURIComponent(database) },
      { server: to, path: encodeURIComponent(target.database) },
    ]
    const info = await from.get<DatabaseProps>(there.path)
    // One that is there keeps its own settings.
    if (await makeDatabase(here, info)) await copySettings(there, here, SETTINGS)
    const options = parseOptions({ use_checkpoints: false }, REPLICATION_DEFAULTS)
    const request = { source, target, options }
    const result = await runReplication(peers, request, progressOf(context), context.signal)
    context.progress.end()
    const { docsWritten, docWriteFailures, failures } = result
    const value = {
      created: backup.created,
      docs_written: docsWritten,
      doc_write_failures: docWriteFailures,
      failures,
    }
    await context.print(
      value,
      () =>
        `${plural(docsWritten, 'document')} of ${database} as of ${backup.created} came to ${target.database}` +
        (docWriteFailures === 0 ? '' : `; ${plural(docWriteFailures, 'document')} refused`),
    )
    return docWriteFailures === 0 ? OK : INCOMPLETE
  } catch (error) {
    throw error instanceof PeerError ? requestFailure(error, target.connection.url) : error
  } finally {
    await Promise.all([from.close(), to.close(), peers.close()])
  }
}
