import { createHash } from 'node:crypto'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  type Backup,
  type BackedUpFile,
  BACKUPS,
  contentPath,
  type NamedBackup,
  readDescriptions,
} from '../../protocol/backup.ts'
import type { BackupPlace } from '../../protocol/backup-place.ts'
import { StartError } from '../config/start-error.ts'

/**
 * Reads the backups of a place, the oldest first.
 *
 * @throws {StartError} where one cannot be read
 */
export async function readBackups(place: BackupPlace): Promise<NamedBackup[]> {
  return readDescriptions(
    await place.list(),
    async name => {
      const parts: Uint8Array[] = []
      for await (const part of place.read(`${BACKUPS}/${name}`)) parts.push(part)
      return Buffer.concat(parts).toString()
    },
    name => new StartError(`${place.name}/${BACKUPS}/${name} describes no backup.`),
  )
}

/**
 * Reads the backups of a place that has some, the oldest first.
 *
 * @throws {StartError} where there are none, or one cannot be read
 */
export async function existingBackups(place: BackupPlace): Promise<NamedBackup[]> {
  const backups = await readBackups(place)
  if (backups.length === 0) throw new StartError(`There are no backups in ${place.name}.`)
  return backups
}

/**
 * Writes all files of a backup below a directory.
 *
 * @throws {StartError} where the content of one is missing or changed
 */
export async function restoreFiles(place: BackupPlace, { files }: Backup, to: string): Promise<void> {
  for (const file of files) await restoreFile(place, file, join(to, ...file.path.split('/')))
}

/**
 * Writes a file of a backup to its place, synced.
 *
 * @throws {StartError} where its content is missing or changed
 */
async function restoreFile(place: BackupPlace, file: BackedUpFile, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  const hash = createHash('sha256')
  const target = await open(to, 'wx', 0o600)
  try {
    for await (const bytes of place.read(contentPath(file.sha256))) {
      hash.update(bytes)
      await target.writeFile(bytes)
    }
    await target.sync()
  } catch (error) {
    throw new StartError(
      `The backup's content of ${file.path} cannot be read or written: ${messageOf(error)}.`,
      {
        cause: error,
      },
    )
  } finally {
    await target.close()
  }
  if (hash.digest('hex') !== file.sha256)
    throw new StartError(`The backup is damaged: its content of ${file.path} is changed.`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
