import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { existingBackups, restoreFiles } from '../backup/backup-directory.ts'
import { openBackupPlace } from './backup-place.ts'
import { checkData, type CheckedData } from '../backup/check-data.ts'
import type { Store } from '../storage/store.ts'
import { damagedTables } from '../storage/tables/table-watch.ts'
import { chosenBackup } from './chosen-backup.ts'
import { openUnusedStore } from './open-unused-store.ts'

interface Findings {
  readonly faults: readonly string[]
  readonly seen: CheckedData
}

export interface CheckArguments {
  readonly data: string
  readonly encryptionKeyFile?: string | undefined
  readonly json?: boolean | undefined
}

/**
 * Verifies the data of a directory that no server uses: every record, every count, every attachment. Prints a sentence for
 * each fault. Resolves with the exit code: 1 where there is one.
 *
 * @throws {StoreUnavailableError} while a server uses the directory, where acknowledged writes are missing, or without the key
 */
export async function check({ data, encryptionKeyFile, json }: CheckArguments): Promise<number> {
  const store = await openUnusedStore(data, encryptionKeyFile)
  return report(await findFaults(store, data).finally(() => store.close()), json)
}

export interface CheckBackupArguments {
  readonly backups: string
  /** Directory that holds the backup's files meanwhile. */
  readonly directory: string
  readonly encryptionKeyFile?: string | undefined
  readonly json?: boolean | undefined
}

/** Verifies the newest backup of a directory as {@link check} does a data directory. */
export async function checkBackup(args: CheckBackupArguments): Promise<number> {
  const place = await openBackupPlace(args.backups)
  const backup = chosenBackup(await existingBackups(place), undefined)
  const data = await mkdtemp(join(args.directory, 'couchette-check-'))
  try {
    await restoreFiles(place, backup, data)
    return await check({ data, encryptionKeyFile: args.encryptionKeyFile, json: args.json })
  } finally {
    await rm(data, { recursive: true, force: true })
  }
}

function report({ faults, seen }: Findings, json: boolean | undefined): number {
  if (json === true) process.stdout.write(`${JSON.stringify({ ...seen, faults })}\n`)
  else {
    for (const fault of faults) process.stdout.write(`${fault}\n`)
    process.stdout.write(summaryOf(seen, faults.length))
  }
  return faults.length === 0 ? 0 : 1
}

/** Verifies a store and the attachments in its data directory. */
export async function findFaults(store: Store, data: string): Promise<Findings> {
  const seen: CheckedData = { records: 0, databases: 0, attachments: 0 }
  const faults: string[] = []
  for await (const { sentence } of damagedTables(join(data, 'store'))) faults.push(sentence)
  for await (const fault of checkData(store, join(data, 'attachments'), seen)) faults.push(fault)
  return { faults, seen }
}

function summaryOf({ records, databases, attachments }: CheckedData, faults: number): string {
  const what = `${records} records, ${databases} databases and ${attachments} attachments`
  return faults === 0 ? `${what} are as they should be.\n` : `${faults} faults in ${what}.\n`
}
