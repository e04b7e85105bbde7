import { DatabaseKeys, databaseNameKey, droppedKey, KeySpace, metaKey } from '../storage/keys.ts'
import type { Store, StoreBatch } from '../storage/store.ts'
import { forEachWrite, type WriteSet } from '../storage/write-set.ts'
import type { ReplicatedChange } from './replication-hook.ts'
import { SECURITY_SETTING } from './setting-names.ts'

/** A creation or deletion of a database. */
export type CatalogChange = Exclude<ReplicatedChange, { kind: 'commit' }>

/** Puts the records of a creation or deletion into a batch. */
function putCatalogChange(batch: StoreBatch, change: CatalogChange): void {
  if (change.kind === 'drop') {
    batch.del(databaseNameKey(change.name)).put(droppedKey(change.number), new Uint8Array(0))
    return
  }
  const { name, record, security } = change
  batch.put(metaKey('next'), Buffer.from(String(record.number + 1)))
  batch.put(databaseNameKey(name), Buffer.from(JSON.stringify(record)))
  if (security === undefined) return
  const key = new DatabaseKeys(record.number).text(KeySpace.setting, SECURITY_SETTING)
  batch.put(key, Buffer.from(security))
}

/** Puts the records of a commit into a batch. */
function putCommit(
  batch: StoreBatch,
  { record, content }: Extract<ReplicatedChange, { kind: 'commit' }>,
): void {
  const put = (writes: WriteSet): void =>
    forEachWrite(writes, (key, value) => (value === undefined ? batch.del(key) : batch.put(key, value)))
  put(record.writes)
  put(content)
}

/** Puts the records of a change into a batch. */
export function putReplicated(batch: StoreBatch, change: ReplicatedChange): void {
  if (change.kind === 'commit') putCommit(batch, change)
  else putCatalogChange(batch, change)
}

/** Reads the position of this node in its cluster's log, JSON text; undefined for a node that was never in one. */
export async function readLogPlace(store: Store): Promise<string | undefined> {
  const bytes = await store.get(metaKey('cluster'))
  return bytes === undefined ? undefined : Buffer.from(bytes).toString()
}

/** Puts the position of this node in its cluster's log into the batch of what it applies. */
export function putLogPlace(batch: StoreBatch, json: string): void {
  batch.put(metaKey('cluster'), Buffer.from(json))
}
