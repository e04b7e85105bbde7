import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ignoreMissing } from '../missing-file.ts'
import { damagedFile } from '../unavailable.ts'
import { ByteReader } from './byte-reader.ts'
import { readLogFile } from './log-file.ts'

/** Logs and tables that a store still needs, as its manifest says. */
export interface LiveFiles {
  /** Logs from this number on; 0 while there is none. */
  readonly first: number
  /** One more, of stores that an old LevelDB wrote; 0 for none. */
  readonly previous: number
  /** Numbers of the tables. */
  readonly tables: ReadonlySet<number>
}

/** Tags of the fields of an edit (LevelDB: version_edit.cc). */
const COMPARATOR = 1
const LOG_NUMBER = 2
const NEXT_FILE = 3
const LAST_SEQUENCE = 4
const COMPACT_POINTER = 5
const DELETED_FILE = 6
const NEW_FILE = 7
const PREVIOUS_LOG = 9

/**
 * Reads the manifest of the store in a directory; undefined where there is no store yet.
 *
 * @throws {StoreUnavailableError} where it is missing, or not named
 */
export async function readManifest(directory: string): Promise<LiveFiles | undefined> {
  const current = await readFile(join(directory, 'CURRENT'), 'latin1').catch(ignoreMissing)
  if (current === undefined) return undefined
  if (!/^MANIFEST-\d+\n$/.test(current)) throw damagedFile(directory, 'CURRENT names no manifest')
  const manifest = await readFile(join(directory, current.trim())).catch(ignoreMissing)
  if (manifest === undefined) throw damagedFile(directory, `${current.trim()} is missing`)
  return liveFiles(manifest)
}

/** @param manifest all of its bytes */
export function liveFiles(manifest: Uint8Array): LiveFiles {
  const tables = new Set<number>()
  let logs = { first: 0, previous: 0 }
  for (const item of readLogFile(manifest)) {
    if (item.kind === 'record') logs = applyEdit(logs, tables, item.payload)
  }
  return { ...logs, tables }
}

type Logs = Pick<LiveFiles, 'first' | 'previous'>

function applyEdit(logs: Logs, tables: Set<number>, edit: Uint8Array): Logs {
  let { first, previous } = logs
  const reader = new ByteReader(edit)
  while (!reader.atEnd) {
    const tag = reader.varint()
    if (tag === LOG_NUMBER) first = reader.varint()
    else if (tag === PREVIOUS_LOG) previous = reader.varint()
    else if (tag === DELETED_FILE) tables.delete(tableOf(reader))
    else if (tag === NEW_FILE) {
      tables.add(tableOf(reader))
      skipTable(reader)
    } else skipField(reader, tag)
  }
  return { first, previous }
}

function skipField(reader: ByteReader, tag: number): void {
  if (tag === COMPARATOR) reader.slice()
  else if (tag === NEXT_FILE || tag === LAST_SEQUENCE) reader.varint()
  else if (tag === COMPACT_POINTER) {
    reader.varint()
    reader.slice()
  } else throw new RangeError(`unknown field ${tag} in the manifest`)
}

/** Reads the level and the number of a table. */
function tableOf(reader: ByteReader): number {
  reader.varint()
  return reader.varint()
}

/** Passes over size, smallest and largest key. */
function skipTable(reader: ByteReader): void {
  reader.varint()
  reader.slice()
  reader.slice()
}
