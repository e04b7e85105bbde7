import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from '../frame/context.ts'
import type { Frame } from '../frame/frame.ts'
import type { LocalCommands } from '../local-commands.ts'
import { takeBackup } from './backup.ts'

interface CheckOptions {
  readonly url?: string
  readonly profile?: string
  readonly directory: string
  readonly encryptionKeyFile?: string
  readonly json?: boolean
}

/** Adds `check`: verifies a data directory, or all data of a running server as of one moment. */
export function addCheck(frame: Frame, commands: LocalCommands): void {
  frame
    .command(
      'check [data]',
      'Verifies every record, count and attachment: of a data directory that no server uses (default: ./data), or with --url of a running server, as of one moment, which is copied for it.',
      [
        ['couchette check /srv/couch', 'ends with 1 where something is damaged'],
        ['couchette check --url http://admin@localhost:5984 --directory /srv/tmp', 'while it serves'],
      ],
    )
    .option('--directory <directory>', 'where there is room for all data twice, with --url', tmpdir())
    .option('--encryption-key-file <file>', 'key that the data is encrypted under')
    .action(
      frame.run<CheckOptions, [string | undefined]>(async (context, options, data = './data') =>
        options.url === undefined && options.profile === undefined
          ? commands.check({ ...options, data })
          : checkServer(context, commands, options),
      ),
    )
}

/** Takes a backup, and verifies what a restore of it would give: the server goes on meanwhile. */
async function checkServer(
  context: Context,
  commands: LocalCommands,
  options: CheckOptions,
): Promise<number> {
  const directory = await mkdtemp(join(options.directory, 'couchette-check-'))
  try {
    const backups = join(directory, 'backups')
    await takeBackup(context, commands, backups)
    return await commands.checkBackup({ ...options, backups, directory })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
