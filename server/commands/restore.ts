import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Backup } from '../../protocol/backup.ts'
import { existingBackups, restoreFiles } from '../backup/backup-directory.ts'
import { openBackupPlace } from './backup-place.ts'
import { markRestored } from '../database/maintenance/mark-restored.ts'
import { StartError } from '../config/start-error.ts'
import { findFaults } from './check.ts'
import { chosenBackup } from './chosen-backup.ts'
import { openUnusedStore } from './open-unused-store.ts'

export interface RestoreArguments {
  /** Place of the backups: a directory, or `s3://bucket/prefix`. */
  readonly backups: string
  /** The data directory to make. */
  readonly data: string
  /** RFC 3339; the newest backup of that moment or before is taken. Default: the newest. */
  readonly at?: string | undefined
  readonly list?: boolean | undefined
  readonly encryptionKeyFile?: string | undefined
}

/**
 * Makes a data directory of a backup: every file is compared with its digest, every record, count and attachment verified,
 * before the directory gets its name. Resolves with the exit code: 1 where something is not as it should be.
 *
 * @throws {StartError} where the directory holds something, or the backup is damaged
 */
export async function restore(args: RestoreArguments): Promise<number> {
  const place = await openBackupPlace(args.backups)
  const backups = await existingBackups(place)
  if (args.list === true) {
    for (const backup of backups) process.stdout.write(`${lineOf(backup)}\n`)
    return 0
  }
  const backup = chosenBackup(backups, args.at)
  const data = resolve(args.data)
  await checkEmpty(data)
  const partial = `${data}.restoring`
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { recursive: true, mode: 0o700 })
  await restoreFiles(place, backup, partial)
  const { faults, seen } = await verifyAndMark(partial, args.encryptionKeyFile)
  if (faults.length > 0) {
    for (const fault of faults) process.stdout.write(`${fault}\n`)
    process.stdout.write(`The restored data are damaged; they are kept in ${partial}.\n`)
    return 1
  }
  await rm(data, { recursive: true, force: true })
  await rename(partial, data)
  process.stdout.write(
    `${data} has the data of ${backup.created}: ${seen.databases} databases, ${seen.records} records, ${seen.attachments} attachments, all verified.\n`,
  )
  return 0
}

/** Verifies a restored directory; its databases get new instances if everything is as it should be. */
async function verifyAndMark(
  data: string,
  encryptionKeyFile: string | undefined,
): ReturnType<typeof findFaults> {
  const store = await openUnusedStore(data, encryptionKeyFile)
  try {
    const found = await findFaults(store, data)
    if (found.faults.length === 0) await markRestored(store)
    return found
  } finally {
    await store.close()
  }
}

async function checkEmpty(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => [])
  if (names.length > 0)
    throw new StartError(`${directory} holds something already: name a directory that is to be made.`)
}

function lineOf({ created, files }: Backup): string {
  const bytes = files.reduce((sum, file) => sum + file.size, 0)
  return `${created}  ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB`
}
