import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ByteReader } from './byte-reader.ts'
import { readLogFile } from './log-file.ts'

/** Logs that a store still needs, as its manifest says. */
export interface LiveLogs {
  /** Logs from this number on; 0 while there is none. */
  readonly first: number
  /** One more, of stores that an old LevelDB wrote; 0 for none. */
  readonly previous: number
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

/** Reads the manifest of the store in a directory; undefined where there is no store yet. */
export async function readManifest(directory: string): Promise<LiveLogs | undefined> {
  const current = await readFile(join(directory, 'CURRENT'), 'latin1').catch(ignoreMissing)
  if (current === undefined) return undefined
  const bytes = await readFile(join(directory, current.trim()))
  let logs: LiveLogs = { first: 0, previous: 0 }
  for (const item of readLogFile(bytes)) if (item.kind === 'record') logs = applyEdit(logs, item.payload)
  return logs
}

function applyEdit(logs: LiveLogs, edit: Uint8Array): LiveLogs {
  let { first, previous } = logs
  const reader = new ByteReader(edit)
  while (!reader.atEnd) {
    const tag = reader.varint()
    if (tag === LOG_NUMBER) first = reader.varint()
    else if (tag === PREVIOUS_LOG) previous = reader.varint()
    else skipField(reader, tag)
  }
  return { first, previous }
}

function skipField(reader: ByteReader, tag: number): void {
  if (tag === COMPARATOR) reader.slice()
  else if (tag === NEXT_FILE || tag === LAST_SEQUENCE) reader.varint()
  else if (tag === COMPACT_POINTER) {
    reader.varint()
    reader.slice()
  } else if (tag === DELETED_FILE) {
    reader.varint()
    reader.varint()
  } else if (tag === NEW_FILE) {
    for (let field = 0; field < 3; field++) reader.varint()
    reader.slice()
    reader.slice()
  } else throw new RangeError(`unknown field ${tag} in the manifest`)
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}
