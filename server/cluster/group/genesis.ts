import { randomBytes } from 'node:crypto'
import { decodeChange, encodeChange, type Genesis } from '../entry/change.ts'
import { decodeEntry, encodeEntry, EntryError, NO_ENTRY } from '../entry/entry.ts'
import type { ReplicatedLog } from '../log/contract.ts'

/** Makes the log's first entry, once for a cluster. @throws where the log has one */
export async function createGenesis(
  log: ReplicatedLog,
  name: string,
  settings: Genesis['settings'] = [],
): Promise<void> {
  const logId = randomBytes(16).toString('hex')
  const parts = [encodeChange({ kind: 'genesis', name, settings })]
  const genesis = encodeEntry({ logId, epoch: 0, position: 1, previous: NO_ENTRY, parts })
  if ((await log.append(0, genesis)).kind !== 'appended') throw new Error('the log is not empty')
}

/** Reads the log's first entry. @throws {LogTrimmedError} where it is gone, {EntryError} where there is none */
export async function readGenesis(log: ReplicatedLog): Promise<Genesis> {
  const [first] = await log.read(1)
  const change = first && decodeEntry(first.bytes).parts.map(decodeChange)[0]
  if (change?.kind !== 'genesis')
    throw new EntryError('the log is empty: a cluster is made by a command, once')
  return change
}
