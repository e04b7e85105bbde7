import { randomBytes } from 'node:crypto'
import { type Checkpoint, decodeChange, encodeChange, type Genesis } from '../entry/change.ts'
import {
  decodeEntry,
  decodeParts,
  encodeEntry,
  encodeParts,
  type EntryCipher,
  EntryError,
  NO_ENTRY,
} from '../entry/entry.ts'
import type { LogEntry, ReplicatedLog } from '../log/contract.ts'

/** First entry of a log: it tells a new node how to begin. */
export interface LogHead extends LogEntry {
  /** A genesis where the databases are in the entries that follow; a checkpoint where they are copied from another node. */
  readonly change: Genesis | Checkpoint
}

/**
 * Makes the first entry of a new log.
 *
 * @param cipher of nodes that encrypt what they store
 * @throws where the log has one
 */
export async function appendHead(
  log: ReplicatedLog,
  change: Genesis | Checkpoint,
  cipher?: EntryCipher,
): Promise<LogHead> {
  const logId = randomBytes(16).toString('hex')
  const payload = encodeParts([encodeChange(change)])
  const header = { logId, epoch: 0, position: 1, previous: NO_ENTRY, acknowledged: 0 }
  const bytes = encodeEntry({ ...header, role: 'whole', payload }, cipher)
  if ((await log.append(0, bytes)).kind !== 'appended') throw new Error('the log is not empty')
  return { position: 1, bytes, change }
}

/** Makes the first entry of a cluster without databases. @throws where the log has one */
export async function createGenesis(
  log: ReplicatedLog,
  name: string,
  settings: Genesis['settings'] = [],
  cipher?: EntryCipher,
): Promise<void> {
  await appendHead(log, { kind: 'genesis', name, settings }, cipher)
}

/** Reads the first entry that is in the log. @throws {EntryError} where there is none, or it is of another kind */
export async function readHead(log: ReplicatedLog, cipher?: EntryCipher): Promise<LogHead> {
  const first = await log.first()
  if (first === undefined) throw new EntryError('the log is empty: a cluster is made by a command, once')
  const change = headOf(first, cipher)
  if (change === undefined)
    throw new EntryError(`the log begins with entry ${first.position}, which is no checkpoint`)
  return { ...first, change }
}

/** Returns what an entry tells a new node; undefined where it is of another kind. @throws {EntryError} */
export function headOf({ bytes }: LogEntry, cipher?: EntryCipher): LogHead['change'] | undefined {
  const entry = decodeEntry(bytes, cipher)
  if (entry.role !== 'whole') return undefined
  const [change] = decodeParts(entry.payload).map(decodeChange)
  return change?.kind === 'genesis' || change?.kind === 'checkpoint' ? change : undefined
}
