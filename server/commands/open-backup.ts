import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { existingBackups, restoreFiles } from '../backup/backup-directory.ts'
import { openBackupPlace } from './backup-place.ts'
import { StartError } from '../config/start-error.ts'
import { keepOnly } from '../database/maintenance/keep-only.ts'
import { createServer } from '../main.ts'
import { findFaults } from './check.ts'
import { chosenBackup } from './chosen-backup.ts'
import { openUnusedStore } from './open-unused-store.ts'

export interface OpenBackupArguments {
  /** Place of the backups: a directory, or `s3://bucket/prefix`. */
  readonly backups: string
  readonly database: string
  /** RFC 3339; the newest backup of that moment or before is taken. Default: the newest. */
  readonly at?: string | undefined
  /** Directory that holds the backup's files meanwhile. */
  readonly directory: string
  readonly encryptionKeyFile?: string | undefined
}

/** A database of a backup, served on this machine alone. */
export interface OpenBackup {
  /** Of the server, with the credentials of an administrator that was made for it. */
  readonly url: string
  /** Time of the backup, RFC 3339. */
  readonly created: string
  /** Ends the server and removes the files. */
  close(): Promise<void>
}

/** Settings of a copy: nothing in it is resolved. */
const AT_REST = [{ section: 'conflicts', key: 'resolve', value: 'false' }]

/**
 * Restores a backup into a directory of its own, verifies it, and serves one database of it: the others, jobs and the
 * configuration are left out.
 *
 * @throws {StartError} where the backup has no such database, or is damaged
 */
export async function openBackup(args: OpenBackupArguments): Promise<OpenBackup> {
  const place = await openBackupPlace(args.backups)
  const backup = chosenBackup(await existingBackups(place), args.at)
  const data = await mkdtemp(join(args.directory, 'couchette-restore-'))
  const remove = (): Promise<void> => rm(data, { recursive: true, force: true })
  try {
    await restoreFiles(place, backup, data)
    await keepOne(data, args)
    await removeConfiguration(data)
    const admin = { name: 'restore', password: randomBytes(18).toString('base64url') }
    const server = await createServer({
      data,
      port: 0,
      bind: '127.0.0.1',
      admin,
      logLevel: 'error',
      settings: AT_REST,
      encryption: { keyFile: args.encryptionKeyFile ?? process.env.COUCHETTE_ENCRYPTION_KEY_FILE },
      env: { COUCHETTE_ENCRYPTION_KEY: process.env.COUCHETTE_ENCRYPTION_KEY },
    })
    return {
      url: server.url.replace('://', `://${admin.name}:${admin.password}@`),
      created: backup.created,
      close: () => server.close().finally(remove),
    }
  } catch (error) {
    await remove()
    throw error
  }
}

async function keepOne(data: string, { database, encryptionKeyFile }: OpenBackupArguments): Promise<void> {
  const store = await openUnusedStore(data, encryptionKeyFile)
  try {
    const { faults } = await findFaults(store, data)
    if (faults.length > 0) throw new StartError(`The backup is damaged: ${faults[0]}`)
    if (!(await keepOnly(store, database))) throw new StartError(`The backup has no database ${database}.`)
  } finally {
    await store.close()
  }
}

/** Administrators, ports and files of the log are those of the server that was backed up. */
async function removeConfiguration(data: string): Promise<void> {
  for (const name of await readdir(data))
    if (/\.ini$|\.d$/.test(name)) await rm(join(data, name), { recursive: true })
}
