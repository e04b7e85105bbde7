import { randomBytes } from 'node:crypto'
import { decodeChange, encodeChange, type Genesis } from '../entry/change.ts'
import {
  decodeEntry,
  decodeParts,
  encodeEntry,
  encodeParts,
  type EntryCipher,
  EntryError,
  NO_ENTRY,
} from '../entry/entry.ts'
import type { ReplicatedLog } from '../log/contract.ts'

/**
 * Makes the log's first entry, once for a cluster.
 *
 * @param cipher of nodes that encrypt what they store
 * @throws where the log has one
 */
export async function createGenesis(
  log: ReplicatedLog,
  name: string,
  settings: Genesis['settings'] = [],
  cipher?: EntryCipher,
): Promise<void> {
  const logId = randomBytes(16).toString('hex')
  const payload = encodeParts([encodeChange({ kind: 'genesis', name, settings })])
  const header = { logId, epoch: 0, position: 1, previous: NO_ENTRY, acknowledged: 0 }
  const genesis = encodeEntry({ ...header, role: 'whole', payload }, cipher)
  if ((await log.append(0, genesis)).kind !== 'appended') throw new Error('the log is not empty')
}

/** Reads the log's first entry. @throws {LogTrimmedError} where it is gone, {EntryError} where there is none */
export async function readGenesis(log: ReplicatedLog, cipher?: EntryCipher): Promise<Genesis> {
  const [first] = await log.read(1)
  const change = first && decodeParts(decodeEntry(first.bytes, cipher).payload).map(decodeChange)[0]
  if (change?.kind !== 'genesis')
    throw new EntryError('the log is empty: a cluster is made by a command, once')
  return change
}
