import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  type Backup,
  type BackedUpFile,
  BACKUPS,
  backupFileName,
  contentPath,
  type NamedBackup,
  readDescriptions,
} from '../../protocol/backup.ts'
import { CommandError, usageError } from '../frame/command-error.ts'
import type { Context } from '../frame/context.ts'
import { FAILED, OK } from '../frame/exit-codes.ts'
import { bytes as bytesText, plural } from '../frame/format.ts'
import type { Frame } from '../frame/frame.ts'
import type { Server } from '../frame/server.ts'

interface Copy {
  readonly id: string
  readonly created: string
  readonly uuid: string
  readonly files: readonly { readonly path: string; readonly size: number; readonly mark: string }[]
}

interface BackupOptions {
  readonly keep?: string
}

/** Adds `backup`: takes a backup of a running server into a directory, of which only what changed is fetched. */
export function addBackup(frame: Frame): void {
  frame
    .command(
      'backup <directory>',
      'Takes a backup of all data of a running server; only what changed is fetched.',
      [
        ['couchette backup /srv/backups', 'of the server of the profile, as of now'],
        [
          'couchette backup /srv/backups --keep 30 --url http://admin@localhost:5984',
          'removes older ones than 30',
        ],
        ['couchette restore /srv/backups --data /srv/couch', 'makes a data directory of the newest'],
      ],
    )
    .option('--keep <number>', 'keeps so many backups, and removes older ones')
    .action(frame.run(backUp))
}

async function backUp(context: Context, { keep }: BackupOptions, directory: string): Promise<number> {
  const kept = keep === undefined ? undefined : countOf(keep)
  const { backup, fetched } = await takeBackup(context, await context.server(), directory)
  const { files } = backup
  const removed = kept === undefined ? 0 : await removeOld(directory, kept)
  const size = files.reduce((sum, file) => sum + file.size, 0)
  await context.print(
    { ok: true, created: backup.created, files: files.length, bytes: size, fetched, removed },
    () =>
      `Backup of ${backup.created}: ${bytesText(size)} in ${plural(files.length, 'file')}, ${bytesText(fetched)} of it fetched${removed > 0 ? `; ${plural(removed, 'older backup')} removed` : ''}.`,
  )
  return OK
}

/** Takes a backup into a directory. @returns it, and how many bytes were fetched for it */
export async function takeBackup(
  context: Context,
  server: Server,
  directory: string,
): Promise<{ readonly backup: Backup; readonly fetched: number }> {
  await mkdir(join(directory, BACKUPS), { recursive: true, mode: 0o700 })
  const known = await knownFiles(directory)
  const copy = await server.send<Copy>('POST', '_node/_local/_backup', {})
  let fetched = 0
  const files: BackedUpFile[] = []
  const { progress } = context
  try {
    for (const file of copy.files) {
      const before = known.get(`${copy.uuid} ${file.path} ${file.mark}`)
      if (before !== undefined && (await exists(join(directory, contentPath(before))))) {
        files.push({ ...file, sha256: before })
        continue
      }
      files.push({ ...file, sha256: await fetchFile(server, copy, file, directory) })
      fetched += file.size
      progress.show(
        `${files.length} of ${plural(copy.files.length, 'file')}`,
        files.length / copy.files.length,
      )
    }
  } finally {
    progress.end()
    await server.send('DELETE', `_node/_local/_backup/${copy.id}`).catch(() => undefined)
  }
  const backup: Backup = { format: 1, created: copy.created, uuid: copy.uuid, files }
  await writeWhole(join(directory, BACKUPS, backupFileName(backup)), JSON.stringify(backup))
  return { backup, fetched }
}

function countOf(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw usageError('--keep takes a number from 1 on.')
  return Number(text)
}

/** Digests of what earlier backups fetched, by the server, path and mark. */
async function knownFiles(directory: string): Promise<Map<string, string>> {
  const known = new Map<string, string>()
  for (const { uuid, files } of await readBackups(directory))
    for (const { path, mark, sha256 } of files) known.set(`${uuid} ${path} ${mark}`, sha256)
  return known
}

async function readBackups(directory: string): Promise<NamedBackup[]> {
  const path = (name: string): string => join(directory, BACKUPS, name)
  return readDescriptions(
    await readdir(join(directory, BACKUPS)),
    name => readFile(path(name), 'utf8'),
    name => new CommandError(`${path(name)} describes no backup.`, FAILED),
  )
}

/** Fetches a file and keeps it under its digest. @returns the digest */
async function fetchFile(
  server: Server,
  copy: Copy,
  { path, size }: Copy['files'][number],
  directory: string,
): Promise<string> {
  const { body } = await server.open('GET', `_node/_local/_backup/${copy.id}/${path}`)
  const hash = createHash('sha256')
  let length = 0
  const partial = join(directory, 'incoming')
  await pipeline(
    body as Readable,
    async function* (source: AsyncIterable<Buffer>) {
      for await (const bytes of source) {
        hash.update(bytes)
        length += bytes.length
        yield bytes
      }
    },
    createWriteStream(partial, { mode: 0o600, flush: true }),
  ).catch((error: unknown) => {
    throw server.failure(error)
  })
  if (length !== size)
    throw new CommandError(`The server sent ${length} of the ${size} bytes of ${path}.`, FAILED)
  const sha256 = hash.digest('hex')
  const target = join(directory, contentPath(sha256))
  await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  await rename(partial, target)
  return sha256
}

/** Removes the oldest backups, and what only they hold. @returns how many */
async function removeOld(directory: string, keep: number): Promise<number> {
  const backups = await readBackups(directory)
  const old = backups.slice(0, Math.max(0, backups.length - keep))
  for (const { name } of old) await rm(join(directory, BACKUPS, name))
  const kept = new Set(backups.slice(old.length).flatMap(({ files }) => files.map(file => file.sha256)))
  for (const sha256 of new Set(old.flatMap(({ files }) => files.map(file => file.sha256))))
    if (!kept.has(sha256)) await rm(join(directory, contentPath(sha256)), { force: true })
  return old.length
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600, flush: true })
  await rename(`${path}.new`, path)
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
