import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  type Backup,
  type BackedUpFile,
  BACKUPS,
  contentPath,
  readDescriptions,
} from '../../protocol/backup.ts'
import { StartError } from '../config/start-error.ts'

/**
 * Reads the backups of a directory, the oldest first.
 *
 * @throws {StartError} where there are none, or one cannot be read
 */
export async function readBackups(directory: string): Promise<Backup[]> {
  const names = await readdir(join(directory, BACKUPS)).catch((error: unknown) => {
    throw new StartError(`There are no backups in ${directory}.`, { cause: error })
  })
  const path = (name: string): string => join(directory, BACKUPS, name)
  const backups = await readDescriptions(
    names,
    name => readFile(path(name), 'utf8'),
    name => new StartError(`${path(name)} describes no backup.`),
  )
  if (backups.length === 0) throw new StartError(`There are no backups in ${directory}.`)
  return backups
}

/**
 * Writes all files of a backup below a directory.
 *
 * @throws {StartError} where the content of one is missing or changed
 */
export async function restoreFiles(backups: string, { files }: Backup, to: string): Promise<void> {
  for (const file of files) await restoreFile(backups, file, join(to, ...file.path.split('/')))
}

/**
 * Writes a file of a backup to its place, synced.
 *
 * @throws {StartError} where its content is missing or changed
 */
async function restoreFile(directory: string, file: BackedUpFile, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  const hash = createHash('sha256')
  const target = await open(to, 'wx', 0o600)
  try {
    for await (const bytes of createReadStream(join(directory, ...contentPath(file.sha256).split('/')))) {
      hash.update(bytes as Buffer)
      await target.writeFile(bytes as Buffer)
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
