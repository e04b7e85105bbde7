import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import { expiryOf } from '../../../protocol/retention.ts'
import type { Database } from '../database.ts'
import { isDeleted, winnerBody } from '../documents/change-record.ts'
import { changePages, lastSeq } from '../reading/change-pages.ts'
import { readFirstBodies } from '../reading/read-bodies.ts'
import { idOfRow } from '../reading/row-text.ts'
import { STORAGE } from '../storage-of.ts'
import { KeySpace, PREFIX_LENGTH } from '../../storage/keys.ts'
import { putRetentionState, readRetentionState, saveRetentionState } from './retention-state.ts'

/**
 * The documents of a database that have an end, in the order of their ends: records `01 <u48 ms> <doc id>`, and
 * `02 <doc id>` with the end that a document has in the index. It follows the feed of changes.
 */
const BY_TIME = 1
const BY_DOCUMENT = 2

const ROWS_AT_A_TIME = 200
const MOST_BODY_BYTES = 4 * 1024 * 1024

/** A document that is in the index, with its end in milliseconds since 1970. */
export interface IndexedExpiry {
  readonly id: DocId
  readonly ms: number
}

/** Brings the index up to date, page by page. An index of another field is removed first. */
export async function* indexExpiries(
  database: Database,
  field: string,
): AsyncGenerator<number, void, undefined> {
  let state = await readRetentionState(database)
  if (state.field !== field) {
    state = { ...state, field, indexedSeq: 0 }
    // What a crash leaves of the other index is looked at again when its time comes.
    await saveRetentionState(database, state)
    await clearExpiries(database)
  }
  const range = { after: state.indexedSeq, upTo: database.state.seq, size: ROWS_AT_A_TIME }
  for await (const page of changePages(database, range)) {
    await indexPage(database, field, page)
    yield lastSeq(page)
  }
}

/** Removes the index. */
export async function clearExpiries(database: Database): Promise<void> {
  const { store, keys } = database[STORAGE]
  await store.clear({
    gte: keys.bytes(KeySpace.retention, Uint8Array.of(BY_TIME)),
    lt: keys.range(KeySpace.retention).lt,
  })
}

/** Returns documents whose end has come, as the index has it, the first ones first. */
export async function dueDocuments(
  database: Database,
  now: number,
  { after, limit }: { readonly after: IndexedExpiry | undefined; readonly limit: number },
): Promise<IndexedExpiry[]> {
  const { store, keys } = database[STORAGE]
  const from =
    after === undefined ? keys.bytes(KeySpace.retention, Uint8Array.of(BY_TIME)) : timeKey(database, after)
  const lt = timeKey(database, { ms: now + 1, id: asDocId('') })
  const found = await store.keys({ ...(after === undefined ? { gte: from } : { gt: from }), lt, limit }).all()
  return found.map(key => {
    const bytes = Buffer.from(key.buffer, key.byteOffset, key.length)
    return {
      ms: bytes.readUIntBE(PREFIX_LENGTH + 1, 6),
      id: asDocId(bytes.toString('utf8', PREFIX_LENGTH + 7)),
    }
  })
}

/** Returns the end of a document by its body; undefined where it has none. */
export function expiryOfBody(field: string, body: Uint8Array): number | undefined {
  const text = Buffer.from(body.buffer, body.byteOffset, body.length)
  // The name is looked for first, as most documents have no end. One that JSON writes with escapes has a backslash.
  if (!text.includes(field) && !text.includes('\\')) return undefined
  const parsed = JSON.parse(text.toString()) as Readonly<Record<string, unknown>>
  return Object.hasOwn(parsed, field) ? expiryOf(parsed[field]) : undefined
}

async function indexPage(database: Database, field: string, page: readonly Uint8Array[]): Promise<void> {
  const { store } = database[STORAGE]
  const ids = page.map(row => idOfRow(row))
  const before = await store.getMany(ids.map(id => documentKey(database, id)))
  const ends = await endsOf(database, field, page)
  const state = await readRetentionState(database)
  const batch = store.batch()
  for (const [index, id] of ids.entries()) {
    const [was, is] = [decodeMs(before[index]), ends[index]]
    if (was === is) continue
    if (was !== undefined) batch.del(timeKey(database, { ms: was, id }))
    if (is === undefined) batch.del(documentKey(database, id))
    else {
      batch.put(timeKey(database, { ms: is, id }), new Uint8Array(0))
      batch.put(documentKey(database, id), encodeMs(is))
    }
  }
  putRetentionState(batch, database, { ...state, indexedSeq: lastSeq(page) })
  await batch.write()
}

async function endsOf(
  database: Database,
  field: string,
  page: readonly Uint8Array[],
): Promise<(number | undefined)[]> {
  const ends = new Array<number | undefined>(page.length)
  const live = [...page.entries()].filter(([, row]) => !isDeleted(row) && winnerBody(row) > 0)
  for (let from = 0; from < live.length;) {
    const part = live.slice(from)
    const bodies = await readFirstBodies(
      database,
      part.map(([, row]) => winnerBody(row)),
      MOST_BODY_BYTES,
    )
    for (const [position, body] of bodies.entries())
      if (body !== undefined) ends[part[position]![0]] = expiryOfBody(field, body.body)
    from += bodies.length
  }
  return ends
}

function timeKey(database: Database, { ms, id }: IndexedExpiry): Uint8Array {
  const head = Buffer.alloc(7)
  head[0] = BY_TIME
  head.writeUIntBE(ms, 1, 6)
  return database[STORAGE].keys.bytes(KeySpace.retention, Buffer.concat([head, Buffer.from(id)]))
}

function documentKey(database: Database, id: DocId): Uint8Array {
  const bytes = Buffer.concat([Uint8Array.of(BY_DOCUMENT), Buffer.from(id)])
  return database[STORAGE].keys.bytes(KeySpace.retention, bytes)
}

function encodeMs(ms: number): Uint8Array {
  const bytes = Buffer.alloc(6)
  bytes.writeUIntBE(ms, 0, 6)
  return bytes
}

function decodeMs(bytes: Uint8Array | undefined): number | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).readUIntBE(0, 6)
}
