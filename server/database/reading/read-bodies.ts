import { decodeBodyRecord, type BodyRecord } from '../documents/body-record.ts'
import type { DatabaseReader } from './database-reader.ts'
import type { SnapshotRange } from './snapshot.ts'
import { numberOfKey, KeySpace } from '../../storage/keys.ts'
import { readMany } from '../../storage/read-many.ts'
import type { StoreEntry, StoreIterator } from '../../storage/store.ts'
import { STORAGE } from '../storage-of.ts'

/** A range of bodies is read where so large a part of it is wanted; otherwise each body is looked up. */
const DENSE = 0.5

const READ_AHEAD = { highWaterMarkBytes: 256 * 1024 }

/** Bytes past the bound that are kept where they were read already: LevelDB reads no more ahead, a store in memory may. */
const SLACK = READ_AHEAD.highWaterMarkBytes

/** Bodies that are looked up at a time. */
const AT_ONCE = 100

/** So few bodies are looked up however they lie, in parts: each may be large. */
const FEW = 32
const FEW_AT_ONCE = 8

/** Source of stored bodies: the store as it is, or a snapshot. */
export interface BodySource {
  iterator(range: SnapshotRange): StoreIterator<StoreEntry>
  getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]>
}

type Records = (Uint8Array | undefined)[]

/**
 * The bodies of a page of rows, undefined where one was compacted away. Documents that were written in the order of the
 * feed have their bodies side by side, which costs a fraction of looking them up.
 */
export async function readBodies(
  database: DatabaseReader,
  numbers: readonly number[],
  source: BodySource = database[STORAGE].store,
): Promise<(BodyRecord | undefined)[]> {
  return decode(await readRecords(database, numbers, source, Infinity))
}

/**
 * Reads bodies by their numbers as `readBodies` does, and ends after about `mostBytes` bytes: the result may be shorter
 * than `numbers`, and has at least one element.
 */
export async function readFirstBodies(
  database: DatabaseReader,
  numbers: readonly number[],
  mostBytes: number,
  snapshot?: BodySource,
): Promise<(BodyRecord | undefined)[]> {
  const { store } = database[STORAGE]
  if (numbers.length > FEW) return decode(await readRecords(database, numbers, snapshot ?? store, mostBytes))
  const read = (keys: Uint8Array[]): Promise<Records> => snapshot?.getMany(keys) ?? readMany(store, keys)
  return decode(await lookUp(database, numbers, { read, atOnce: FEW_AT_ONCE, mostBytes }))
}

function decode(records: Records): (BodyRecord | undefined)[] {
  return records.map(record => (record === undefined ? undefined : decodeBodyRecord(record)))
}

async function readRecords(
  database: DatabaseReader,
  numbers: readonly number[],
  source: BodySource,
  mostBytes: number,
): Promise<Records> {
  let first = Infinity
  let last = 0
  for (const number of numbers) {
    if (number < first) first = number
    if (number > last) last = number
  }
  const isDense = numbers.length > 1 && numbers.length >= DENSE * (last - first + 1)
  const atOnce = mostBytes === Infinity ? numbers.length : AT_ONCE
  const lookedUp = { read: (keys: Uint8Array[]) => source.getMany(keys), atOnce, mostBytes }
  if (!isDense) return lookUp(database, numbers, lookedUp)
  const found = await readRange(database, { first, last }, source, mostBytes)
  const beyond = numbers.findIndex(number => number >= first + found.length)
  if (beyond === 0) return lookUp(database, numbers.slice(0, 1), lookedUp)
  return (beyond < 0 ? numbers : numbers.slice(0, beyond)).map(number => found[number - first])
}

/** Looks records up in parts, and ends with the part that reaches `mostBytes`. */
async function lookUp(
  database: DatabaseReader,
  numbers: readonly number[],
  {
    read,
    atOnce,
    mostBytes,
  }: { read: (keys: Uint8Array[]) => Promise<Records>; atOnce: number; mostBytes: number },
): Promise<Records> {
  const records: Records = []
  let bytes = 0
  for (let from = 0; from < numbers.length && bytes < mostBytes; from += atOnce) {
    const keys = numbers
      .slice(from, from + atOnce)
      .map(number => database[STORAGE].keys.number(KeySpace.body, number))
    for (const record of await read(keys)) {
      records.push(record)
      bytes += record?.length ?? 0
      if (bytes >= mostBytes + SLACK) return records
    }
  }
  return records
}

/** The records from a number on, as far as they were read. */
async function readRange(
  database: DatabaseReader,
  { first, last }: { first: number; last: number },
  source: BodySource,
  mostBytes: number,
): Promise<Records> {
  const { keys } = database[STORAGE]
  const range = { gte: keys.number(KeySpace.body, first), lte: keys.number(KeySpace.body, last) }
  const iterator = source.iterator({ ...range, ...READ_AHEAD })
  const found: Records = []
  let bytes = 0
  try {
    while (bytes < mostBytes) {
      const entries = await iterator.nextv(last - first + 1)
      if (entries.length === 0) {
        found.length = last - first + 1
        break
      }
      for (const [key, record] of entries) {
        found[numberOfKey(key) - first] = record
        bytes += record.length
        if (bytes >= mostBytes + SLACK) break
      }
    }
  } finally {
    await iterator.close()
  }
  return found
}
