import type { AbstractIterator } from 'abstract-level'
import { decodeBodyRecord, type BodyRecord } from '../../database/body-record.ts'
import type { Database } from '../../database/database.ts'
import type { SnapshotRange } from '../../database/snapshot.ts'
import type { Store } from '../../storage/store.ts'
import { numberOfKey, Space } from '../../storage/keys.ts'

/** A range of bodies is read where so large a part of it is wanted; otherwise each body is looked up. */
const DENSE = 0.5

const READ_AHEAD = { highWaterMarkBytes: 1024 * 1024 }

/** Where bodies are read from: the store as it is, or a snapshot. */
export interface BodySource {
  iterator(range: SnapshotRange): AbstractIterator<Store, Uint8Array, Uint8Array>
  getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]>
}

/**
 * The bodies of a page of rows, undefined where one was compacted away. Documents that were written in the order of the
 * feed have their bodies side by side, which costs a fraction of looking them up.
 */
export async function readBodies(
  database: Database,
  numbers: readonly number[],
  source: BodySource = database.store,
): Promise<(BodyRecord | undefined)[]> {
  let first = Infinity
  let last = 0
  for (const number of numbers) {
    if (number < first) first = number
    if (number > last) last = number
  }
  const isDense = numbers.length > 1 && numbers.length >= DENSE * (last - first + 1)
  const records = isDense
    ? await readRange(database, numbers, { first, last }, source)
    : await source.getMany(numbers.map(number => database.keys.number(Space.body, number)))
  return records.map(record => (record === undefined ? undefined : decodeBodyRecord(record)))
}

async function readRange(
  database: Database,
  numbers: readonly number[],
  { first, last }: { first: number; last: number },
  source: BodySource,
): Promise<(Uint8Array | undefined)[]> {
  const { keys } = database
  const iterator = source.iterator({
    gte: keys.number(Space.body, first),
    lte: keys.number(Space.body, last),
    ...READ_AHEAD,
  })
  const found = new Array<Uint8Array | undefined>(last - first + 1)
  try {
    for (;;) {
      const entries = await iterator.nextv(last - first + 1)
      if (entries.length === 0) break
      for (const [key, record] of entries) found[numberOfKey(key) - first] = record
    }
  } finally {
    await iterator.close()
  }
  return numbers.map(number => found[number - first])
}
