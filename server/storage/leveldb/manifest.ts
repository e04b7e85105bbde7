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
  /** The tables by their numbers. */
  readonly tables: ReadonlyMap<number, TableKeys>
}

/** The first and the last key of a table. */
export interface TableKeys {
  readonly first: Uint8Array
  readonly last: Uint8Array
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
  const tables = new Map<number, TableKeys>()
  let logs = { first: 0, previous: 0 }
  for (const item of readLogFile(manifest)) {
    if (item.kind === 'record') logs = applyEdit(logs, tables, item.payload)
  }
  return { ...logs, tables }
}

type Logs = Pick<LiveFiles, 'first' | 'previous'>

function applyEdit(logs: Logs, tables: Map<number, TableKeys>, edit: Uint8Array): Logs {
  let { first, previous } = logs
  const reader = new ByteReader(edit)
  while (!reader.atEnd) {
    const tag = reader.varint()
    if (tag === LOG_NUMBER) first = reader.varint()
    else if (tag === PREVIOUS_LOG) previous = reader.varint()
    else if (tag === DELETED_FILE) tables.delete(tableOf(reader))
    else if (tag === NEW_FILE) {
      const number = tableOf(reader)
      tables.set(number, keysOf(reader))
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

/** Passes over the size, and reads smallest and largest key. */
function keysOf(reader: ByteReader): TableKeys {
  reader.varint()
  const first = withoutVersion(reader.slice())
  return { first, last: withoutVersion(reader.slice()) }
}

/** Keys in tables have sequence number and kind of the entry behind them. */
const VERSION_BYTES = 8

export function withoutVersion(key: Uint8Array): Uint8Array {
  return key.subarray(0, Math.max(key.length - VERSION_BYTES, 0))
}
