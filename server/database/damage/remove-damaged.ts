import type { DocId } from '../../../protocol/document-id.ts'
import { isConflict, leaves } from '../../../protocol/revtree/leaves.ts'
import { bodies, emptyTree, type RevTree } from '../../../protocol/revtree/tree.ts'
import { decodeBlobRecord } from '../../attachments/blob-record.ts'
import {
  addressOfBodyReferenceKey,
  blobCheckKey,
  blobFileKey,
  blobKey,
  blobReferenceKey,
  blobReferenceRange,
  bodyReferenceRange,
} from '../../storage/attachment-keys.ts'
import {
  DatabaseKeys,
  KeySpace,
  numberOfKey,
  PREFIX_LENGTH,
  textOfKey,
  treeKeyOf,
} from '../../storage/keys.ts'
import type { Store, StoreBatch } from '../../storage/store.ts'
import { decodeBodyRecord } from '../documents/body-record.ts'
import { decodeChangeRecord } from '../documents/change-record.ts'
import { DocumentSummary } from '../documents/document-record.ts'
import { StoredDocument } from '../documents/stored-document.ts'
import { CONFLICT_ID_OFFSET } from '../conflicts/conflict-index.ts'
import { decodeState, encodeState } from '../state.ts'
import { bodyOf, type DatabaseDamage, readable } from './find-damage.ts'

/** Spaces that are made again from the documents. */
const DERIVED = [KeySpace.index, KeySpace.rank, KeySpace.retention] as const
const NOTHING = new Uint8Array(0)

/**
 * Removes documents from a store that no server uses, with all that is stored of them, and damaged records that can be made again
 * or done without; then counts the database again. Its indexes are built again when they are asked for.
 *
 * @param documents to remove; others that are damaged stay as they are
 * @param contents addresses of damaged content, which is removed with its last document
 */
export async function removeDamaged(
  store: Store,
  { number, others }: DatabaseDamage,
  documents: readonly DocId[],
  contents: readonly Uint8Array[],
): Promise<void> {
  const keys = new DatabaseKeys(number)
  for (const space of DERIVED) await store.clear(keys.range(space))
  const batch = store.batch()
  for (const key of others) batch.del(key)
  const removed = new Set(documents)
  const lost = new Set<number>()
  for (const id of documents) await removeDocument(store, batch, { keys, id, lost })
  await removeChanges(store, batch, keys, removed)
  await removeConflicts(store, batch, keys, removed)
  await removeReferences(store, batch, number, lost)
  await batch.write({ sync: true })
  await removeContents(store, number, contents)
  await countAgain(store, keys)
}

async function removeDocument(
  store: Store,
  batch: StoreBatch,
  { keys, id, lost }: { keys: DatabaseKeys; id: DocId; lost: Set<number> },
): Promise<void> {
  const key = keys.text(KeySpace.document, id)
  for (const body of bodies(await treeOf(store, key))) {
    batch.del(keys.number(KeySpace.body, body))
    lost.add(body)
  }
  batch.del(key).del(treeKeyOf(key))
}

async function treeOf(store: Store, key: Uint8Array): Promise<RevTree> {
  const record = await readable(store.get(key))
  const tree = await readable(store.get(treeKeyOf(key)))
  return record === undefined ? emptyTree : new StoredDocument(record, () => tree).tree
}

/** Removes the rows of documents from the feed, and rows that cannot be read, unless they are of a document that stays. */
async function removeChanges(
  store: Store,
  batch: StoreBatch,
  keys: DatabaseKeys,
  removed: ReadonlySet<string>,
): Promise<void> {
  const unreadable: Uint8Array[] = []
  for await (const key of store.keys(keys.range(KeySpace.change))) {
    const row = await readable(store.get(key))
    if (row === undefined) unreadable.push(key)
    else if (removed.has(JSON.parse(Buffer.from(decodeChangeRecord(row).idText).toString()) as string))
      batch.del(key)
  }
  if (unreadable.length === 0) return
  const staying = new Set<number>()
  for await (const key of store.keys(keys.range(KeySpace.document))) {
    const record = removed.has(textOfKey(key)) ? undefined : await readable(store.get(key))
    if (record !== undefined) staying.add(new DocumentSummary(record).seq)
  }
  for (const key of unreadable) if (!staying.has(numberOfKey(key))) batch.del(key)
}

async function removeConflicts(
  store: Store,
  batch: StoreBatch,
  keys: DatabaseKeys,
  removed: ReadonlySet<string>,
): Promise<void> {
  for await (const key of store.keys(keys.range(KeySpace.conflict))) {
    // A kind, and before the ids of the second kind six bytes of time.
    const start = CONFLICT_ID_OFFSET + (key[PREFIX_LENGTH] === 0 ? 0 : 6)
    if (removed.has(Buffer.from(key).toString('utf8', start))) batch.del(key)
  }
}

async function removeReferences(
  store: Store,
  batch: StoreBatch,
  database: number,
  lost: ReadonlySet<number>,
): Promise<void> {
  for await (const key of store.keys(bodyReferenceRange(database))) {
    if (!lost.has(bodyOf(key))) continue
    batch.del(key)
    batch.put(blobCheckKey(database, addressOfBodyReferenceKey(key)), NOTHING)
  }
}

/** Content that is damaged must not be found by its address when the same bytes come again. */
async function removeContents(
  store: Store,
  database: number,
  contents: readonly Uint8Array[],
): Promise<void> {
  for (const address of contents) {
    const own = await store.keys({ ...bodyReferenceRange(database, address), limit: 1 }).all()
    if (own.length > 0) continue
    const batch = store.batch()
    batch.del(blobReferenceKey(address, database)).del(blobCheckKey(database, address))
    await batch.write({ sync: true })
    const others = await store.keys({ ...blobReferenceRange(address), limit: 1 }).all()
    if (others.length === 0) await removeContent(store, address)
  }
}

async function removeContent(store: Store, address: Uint8Array): Promise<void> {
  const record = await readable(store.get(blobKey(address)))
  const batch = store.batch().del(blobKey(address))
  const place = record && decodeBlobRecord(record)
  // The file itself is removed at the next start, as one that nothing names.
  if (place?.kind === 'file') batch.del(blobFileKey(place.file))
  await batch.write({ sync: true })
}

async function countAgain(store: Store, keys: DatabaseKeys): Promise<void> {
  const counts = { docs: 0, deletedDocs: 0, conflicts: 0, externalSize: 0, storedSize: 0 }
  for await (const key of store.keys(keys.range(KeySpace.document))) {
    const record = await readable(store.get(key))
    if (record === undefined) continue
    const { deleted, size, branched } = new DocumentSummary(record)
    counts[deleted ? 'deletedDocs' : 'docs'] += 1
    counts.externalSize += size
    if (branched && isConflict(leaves(await treeOf(store, key)))) counts.conflicts += 1
  }
  for await (const key of store.keys(keys.range(KeySpace.body))) {
    const record = await readable(store.get(key))
    counts.storedSize += record === undefined ? 0 : decodeBodyRecord(record).body.length
  }
  const state = decodeState(await store.get(keys.state))
  await store.put(keys.state, encodeState({ ...state, ...counts, seq: state.seq + 1 }), { sync: true })
}
