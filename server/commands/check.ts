import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { checkData, type CheckedData } from '../backup/check-data.ts'
import { fileError } from '../config/start-error.ts'
import { readMasterKeys } from '../storage/encryption/master-key.ts'
import { checkUnused, openStore } from '../storage/store.ts'

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
  const directory = join(data, 'store')
  await access(directory).catch((error: unknown) => {
    throw fileError(error, 'The store', directory)
  })
  await checkUnused(directory)
  const { faults, seen } = await findFaults(data, encryptionKeyFile)
  if (json === true) process.stdout.write(`${JSON.stringify({ ...seen, faults })}\n`)
  else {
    for (const fault of faults) process.stdout.write(`${fault}\n`)
    process.stdout.write(summaryOf(seen, faults.length))
  }
  return faults.length === 0 ? 0 : 1
}

/** Opens the store of a data directory and verifies it. */
export async function findFaults(
  data: string,
  encryptionKeyFile?: string,
): Promise<{ readonly faults: readonly string[]; readonly seen: CheckedData }> {
  const store = await openStore(join(data, 'store'), { keys: await keysOf(encryptionKeyFile) })
  const seen: CheckedData = { records: 0, databases: 0, attachments: 0 }
  const faults: string[] = []
  try {
    for await (const fault of checkData(store, join(data, 'attachments'), seen)) faults.push(fault)
  } finally {
    await store.close()
  }
  return { faults, seen }
}

/** The key that is named, or the environment's. */
export function keysOf(encryptionKeyFile: string | undefined): ReturnType<typeof readMasterKeys> {
  return readMasterKeys({
    keyFile: encryptionKeyFile ?? process.env.COUCHETTE_ENCRYPTION_KEY_FILE,
    key: process.env.COUCHETTE_ENCRYPTION_KEY,
  })
}

function summaryOf({ records, databases, attachments }: CheckedData, faults: number): string {
  const what = `${records} records, ${databases} databases and ${attachments} attachments`
  return faults === 0 ? `${what} are as they should be.\n` : `${faults} faults in ${what}.\n`
}
