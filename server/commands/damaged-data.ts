import { randomBytes } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeBlobRecord } from '../attachments/blob-record.ts'
import { AttachmentFiles } from '../attachments/files.ts'
import { contentDamage } from '../backup/check-data.ts'
import { findDamage, type StoreDamage } from '../database/damage/find-damage.ts'
import { removeDamaged } from '../database/damage/remove-damaged.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { createServer } from '../main.ts'
import { ignoreMissing } from '../storage/missing-file.ts'
import type { Store } from '../storage/store.ts'
import { openUnusedStore } from './open-unused-store.ts'

export interface DamagedDataArguments {
  readonly data: string
  readonly encryptionKeyFile?: string | undefined
}

/** Documents of a database that cannot be read as a whole. */
export interface DamagedDocuments {
  readonly database: string
  readonly documents: readonly string[]
}

const MD5_BYTES = 16

/** Settings of a server that only takes documents in. */
const AT_REST = [
  { section: 'conflicts', key: 'resolve', value: 'false' },
  { section: 'replicator', key: 'max_jobs', value: '0' },
  { section: 'couchette', key: 'check_after_crash', value: 'false' },
]

/**
 * Reads all data of a directory that no server uses.
 *
 * @returns what is damaged; `beyond` has sentences for what only a whole backup mends
 */
export async function findDamaged(args: DamagedDataArguments): Promise<{
  readonly damaged: readonly DamagedDocuments[]
  readonly records: number
  readonly beyond: readonly string[]
}> {
  const { databases, beyond } = await withStore(args, store => damageOf(store, args.data))
  const found = databases.map(({ name, documents }) => ({ database: name, documents }))
  return {
    damaged: merged([...found, ...(await removedBefore(args.data))]),
    records: databases.reduce((sum, { others }) => sum + others.length, 0),
    beyond,
  }
}

/** Removes documents, and damaged records that are made again, from a directory that no server uses. */
export async function removeDocuments(
  args: DamagedDataArguments,
  removable: readonly DamagedDocuments[],
): Promise<void> {
  // What a run that is cut off has removed is restored by the next one.
  const pending = merged([...(await removedBefore(args.data)), ...removable])
  await writeFile(pendingPath(args.data), JSON.stringify(pending), { mode: 0o600, flush: true })
  await withStore(args, async store => {
    const { databases, contents } = await damageOf(store, args.data)
    for (const damage of databases) {
      const ids = removable.find(({ database }) => database === damage.name)?.documents ?? []
      await removeDamaged(store, damage, ids as readonly DocId[], contents)
    }
  })
}

/** Notes that everything that was removed has been restored. */
export async function noteRestored({ data }: DamagedDataArguments): Promise<void> {
  await rm(pendingPath(data), { force: true })
}

function pendingPath(data: string): string {
  return join(data, 'restore-damaged.json')
}

async function removedBefore(data: string): Promise<readonly DamagedDocuments[]> {
  const text = await readFile(pendingPath(data), 'utf8').catch(ignoreMissing)
  return text === undefined ? [] : (JSON.parse(text) as DamagedDocuments[])
}

/** Returns one entry for each database. */
function merged(all: readonly DamagedDocuments[]): DamagedDocuments[] {
  const byName = new Map<string, Set<string>>()
  for (const { database, documents } of all) {
    const known = byName.get(database) ?? new Set()
    for (const id of documents) known.add(id)
    byName.set(database, known)
  }
  return [...byName].map(([database, ids]) => ({ database, documents: [...ids].sort() }))
}

/** Serves a data directory on this machine alone, with an administrator that was made for it. */
export async function serveData({ data, encryptionKeyFile }: DamagedDataArguments): Promise<{
  /** With credentials. */
  readonly url: string
  close(): Promise<void>
}> {
  const admin = { name: 'restore', password: randomBytes(18).toString('base64url') }
  const server = await createServer({
    data,
    port: 0,
    bind: '127.0.0.1',
    logLevel: 'error',
    settings: [...AT_REST, { section: 'admins', key: admin.name, value: admin.password }],
    encryption: { keyFile: encryptionKeyFile ?? process.env.COUCHETTE_ENCRYPTION_KEY_FILE },
    env: { COUCHETTE_ENCRYPTION_KEY: process.env.COUCHETTE_ENCRYPTION_KEY },
  })
  return {
    url: server.url.replace('://', `://${admin.name}:${admin.password}@`),
    close: () => server.close(),
  }
}

async function withStore<T>(
  { data, encryptionKeyFile }: DamagedDataArguments,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await openUnusedStore(data, encryptionKeyFile)
  return work(store).finally(() => store.close())
}

async function damageOf(store: Store, data: string): Promise<StoreDamage> {
  const files = await AttachmentFiles.open(join(data, 'attachments'), store.encryption)
  try {
    return await findDamage(store, async (address, record) => {
      const md5 = address.subarray(0, MD5_BYTES)
      return (await contentDamage(files, decodeBlobRecord(record), md5)) !== undefined
    })
  } finally {
    await files.close()
  }
}
