import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  type Backup,
  type BackedUpFile,
  BACKUPS,
  backupFileName,
  contentPath,
} from '../../protocol/backup.ts'
import type { BackupPlace } from '../../protocol/backup-place.ts'
import { CommandError, usageError } from '../frame/command-error.ts'
import type { Context } from '../frame/context.ts'
import { FAILED, OK } from '../frame/exit-codes.ts'
import { bytes as bytesText, plural } from '../frame/format.ts'
import type { Frame } from '../frame/frame.ts'
import type { Server } from '../frame/server.ts'
import type { LocalCommands } from '../local-commands.ts'

interface Copy {
  readonly id: string
  readonly created: string
  readonly uuid: string
  readonly files: readonly { readonly path: string; readonly size: number; readonly mark: string }[]
}

interface BackupOptions {
  readonly keep?: string
}

/** Adds `backup`: takes a backup of a running server into a directory or a bucket; only what changed is fetched. */
export function addBackup(frame: Frame, commands: LocalCommands): void {
  frame
    .command(
      'backup <target>',
      'Takes a backup of all data of a running server into a directory or a bucket of S3; only what changed is fetched.',
      [
        ['couchette backup /srv/backups', 'of the server of the profile, as of now'],
        [
          'couchette backup /srv/backups --keep 30 --url http://admin@localhost:5984',
          'removes older ones than 30',
        ],
        [
          'couchette backup s3://backups/orders',
          'into a bucket; AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, for other servers than Amazon’s, AWS_ENDPOINT_URL say how',
        ],
        ['couchette restore /srv/backups --data /srv/couch', 'makes a data directory of the newest'],
      ],
    )
    .option('--keep <number>', 'keeps so many backups, and removes older ones')
    .action(
      frame.run<BackupOptions, [string]>((context, options, target) =>
        backUp(context, options, { commands, target }),
      ),
    )
}

async function backUp(
  context: Context,
  { keep }: BackupOptions,
  { commands, target }: { readonly commands: LocalCommands; readonly target: string },
): Promise<number> {
  const kept = keep === undefined ? undefined : countOf(keep)
  const { backup, fetched } = await takeBackup(context, commands, target)
  const { files } = backup
  const removed = kept === undefined ? 0 : await removeOld(commands, target, kept)
  const size = files.reduce((sum, file) => sum + file.size, 0)
  await context.print(
    { ok: true, created: backup.created, files: files.length, bytes: size, fetched, removed },
    () =>
      `Backup of ${backup.created}: ${bytesText(size)} in ${plural(files.length, 'file')}, ${bytesText(fetched)} of it fetched${removed > 0 ? `; ${plural(removed, 'older backup')} removed` : ''}.`,
  )
  return OK
}

/** Takes a backup into a directory or a bucket. @returns it, and how many bytes were fetched for it */
export async function takeBackup(
  context: Context,
  commands: LocalCommands,
  target: string,
): Promise<{ readonly backup: Backup; readonly fetched: number }> {
  const place = await commands.openBackupPlace(target)
  try {
    const known = knownFiles(await commands.readBackups(place))
    const server = await context.server()
    const copy = await server.send<Copy>('POST', '_node/_local/_backup', {})
    const { files, fetched } = await fetchFiles(context, { server, copy, place, known }).finally(() =>
      server.send('DELETE', `_node/_local/_backup/${copy.id}`).catch(() => undefined),
    )
    const backup: Backup = { format: 1, created: copy.created, uuid: copy.uuid, files }
    await place.write(`${BACKUPS}/${backupFileName(backup)}`, JSON.stringify(backup))
    return { backup, fetched }
  } finally {
    await place.close()
  }
}

interface Fetching {
  readonly server: Server
  readonly copy: Copy
  readonly place: BackupPlace
  /** Digests by the server, path and mark. */
  readonly known: ReadonlyMap<string, string>
}

async function fetchFiles(
  { progress }: Context,
  { server, copy, place, known }: Fetching,
): Promise<{ readonly files: readonly BackedUpFile[]; readonly fetched: number }> {
  let fetched = 0
  const files: BackedUpFile[] = []
  try {
    for (const file of copy.files) {
      const before = known.get(`${copy.uuid} ${file.path} ${file.mark}`)
      const { size } = file
      if (before !== undefined && (await place.holds(contentPath(before), { sha256: before, size }))) {
        files.push({ ...file, sha256: before })
        continue
      }
      files.push({ ...file, sha256: await fetchFile(server, copy, file, place) })
      fetched += file.size
      progress.show(
        `${files.length} of ${plural(copy.files.length, 'file')}`,
        files.length / copy.files.length,
      )
    }
    return { files, fetched }
  } finally {
    progress.end()
  }
}

function countOf(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw usageError('--keep takes a number from 1 on.')
  return Number(text)
}

/** Returns the digests of what earlier backups fetched, by the server, path and mark. */
function knownFiles(backups: readonly Backup[]): Map<string, string> {
  const known = new Map<string, string>()
  for (const { uuid, files } of backups)
    for (const { path, mark, sha256 } of files) known.set(`${uuid} ${path} ${mark}`, sha256)
  return known
}

/** Fetches a file and keeps it under its digest. @returns the digest */
async function fetchFile(
  server: Server,
  copy: Copy,
  { path, size }: Copy['files'][number],
  place: BackupPlace,
): Promise<string> {
  const { body } = await server.open('GET', `_node/_local/_backup/${copy.id}/${path}`)
  const hash = createHash('sha256')
  let length = 0
  await pipeline(
    body as Readable,
    async function* (source: AsyncIterable<Buffer>) {
      for await (const bytes of source) {
        hash.update(bytes)
        length += bytes.length
        yield bytes
      }
    },
    createWriteStream(await place.spool(), { mode: 0o600, flush: true }),
  ).catch((error: unknown) => {
    throw server.failure(error)
  })
  if (length !== size)
    throw new CommandError(`The server sent ${length} of the ${size} bytes of ${path}.`, FAILED)
  const sha256 = hash.digest('hex')
  await place.keep(contentPath(sha256), { sha256, size })
  return sha256
}

/** Removes the oldest backups, and what only they hold. @returns how many */
async function removeOld(commands: LocalCommands, target: string, keep: number): Promise<number> {
  const place = await commands.openBackupPlace(target)
  const backups = await commands.readBackups(place)
  const old = backups.slice(0, Math.max(0, backups.length - keep))
  for (const { name } of old) await place.remove(`${BACKUPS}/${name}`)
  const kept = new Set(backups.slice(old.length).flatMap(({ files }) => files.map(file => file.sha256)))
  for (const sha256 of new Set(old.flatMap(({ files }) => files.map(file => file.sha256))))
    if (!kept.has(sha256)) await place.remove(contentPath(sha256))
  await place.close()
  return old.length
}
