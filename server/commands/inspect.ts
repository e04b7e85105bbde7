import {
  inspectDocument,
  storedDatabase,
  storedDatabaseRecords,
  type DocumentInspection,
  type StoredDatabase,
} from '../database/inspect.ts'
import { readUnlessDamaged } from '../storage/encryption/damaged.ts'
import type { Store } from '../storage/store.ts'
import { drawTree } from './draw-tree.ts'
import { inspectIndexes } from './inspect-indexes.ts'
import { openUnusedStore } from './open-unused-store.ts'
import { UsageError } from './usage-error.ts'

export interface InspectArguments {
  readonly data: string
  /** Shows this database and its indexes; without it all databases are listed. */
  readonly database?: string | undefined
  /** Shows the revision tree of a document of the database. */
  readonly document?: string | undefined
  readonly encryptionKeyFile?: string | undefined
}

/**
 * Prints what the store of a data directory holds, without starting a server. Resolves with the exit code: 1 where the
 * database or document is not there, or something that is to be shown is damaged.
 *
 * @throws {StoreUnavailableError} while a server uses the directory, or where the key is missing
 */
export async function inspect(args: InspectArguments): Promise<number> {
  if (args.document !== undefined && args.database === undefined)
    throw new UsageError('--document needs --database.')
  const store = await openUnusedStore(args.data, args.encryptionKeyFile)
  try {
    return await print(store, args)
  } finally {
    await store.close()
  }
}

async function print(store: Store, { database, document }: InspectArguments): Promise<number> {
  if (database === undefined) return printDatabases(store)
  const found = await storedDatabase(store, database)
  if (found === undefined) return missing(`There is no database ${database}.`)
  if (document === undefined) return printDatabase(store, found)
  const inspected = await inspectDocument(store, found, document)
  if (inspected === undefined) return missing(`There is no document ${document} in ${database}.`)
  return printDocument(document, inspected)
}

/** A database whose counts cannot be read is listed without them, so that one damaged record hides no other database. */
async function printDatabases(store: Store): Promise<number> {
  const rows = [['DATABASE', 'DOCUMENTS', 'DELETED', 'CONFLICTS', 'SEQUENCE', 'BYTES']]
  let code = 0
  for await (const { name } of storedDatabaseRecords(store)) {
    const state = (await readUnlessDamaged(() => storedDatabase(store, name)))?.state
    if (state === undefined) code = 1
    rows.push([name, ...(state === undefined ? ['damaged'] : countsOf(state))])
  }
  write(table(rows))
  return code
}

function countsOf({ docs, deletedDocs, conflicts, seq, externalSize }: StoredDatabase['state']): string[] {
  return [docs, deletedDocs, conflicts, seq, externalSize].map(String)
}

async function printDatabase(store: Store, database: StoredDatabase): Promise<number> {
  const { name, record, state } = database
  const created = new Date(record.created * 1000).toISOString()
  write([
    `${name}: database ${record.number}, created ${created}${record.partitioned ? ', partitioned' : ''}`,
    `  documents         ${state.docs}, deleted ${state.deletedDocs}, in conflict ${state.conflicts}`,
    `  update sequence   ${state.seq}-${record.instance}`,
    `  purge sequence    ${state.purgeSeq}`,
    `  bytes of leaves   ${state.externalSize}`,
    `  bytes of bodies   ${state.storedSize}`,
    `  revisions limit   ${state.revsLimit}`,
  ])
  const indexes = await inspectIndexes(store, database)
  const rows = indexes.map(({ signature, seq, rows, designs }) => [
    signature,
    ...(seq === undefined ? ['damaged', '', ''] : [seq, state.seq - seq, rows.join(' ')].map(String)),
    designs.join(' '),
  ])
  if (rows.length > 0) write(table([['INDEX', 'SEQUENCE', 'BEHIND', 'ROWS', 'DESIGN DOCUMENTS'], ...rows]))
  return indexes.some(({ seq }) => seq === undefined) ? 1 : 0
}

function printDocument(id: string, { rev, seq, deleted, size, tree }: DocumentInspection): number {
  write([
    `${id}: winner ${rev}${deleted ? ', deleted' : ''}, sequence ${seq}, ${size} bytes`,
    ...drawTree(tree),
  ])
  return 0
}

function missing(sentence: string): number {
  process.stderr.write(`couchette: ${sentence}\n`)
  return 1
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)))
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function write(lines: readonly string[]): void {
  process.stdout.write(lines.map(line => `${line}\n`).join(''))
}
