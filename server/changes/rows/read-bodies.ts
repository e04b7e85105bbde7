import { decodeBodyRecord, type BodyRecord } from '../../database/body-record.ts'
import type { Database } from '../../database/database.ts'
import { numberOfKey, Space } from '../../storage/keys.ts'

/** A range of bodies is read where so large a part of it is wanted; otherwise each body is looked up. */
const DENSE = 0.5

const READ_AHEAD = { highWaterMarkBytes: 1024 * 1024 }

/**
 * The bodies of a page of rows, undefined where one was compacted away. Documents that were written in the order of the
 * feed have their bodies side by side, which costs a fraction of looking them up.
 */
export async function readBodies(
  database: Database,
  numbers: readonly number[],
): Promise<(BodyRecord | undefined)[]> {
  let first = Infinity
  let last = 0
  for (const number of numbers) {
    if (number < first) first = number
    if (number > last) last = number
  }
  const isDense = numbers.length > 1 && numbers.length >= DENSE * (last - first + 1)
  return isDense ? readRange(database, numbers, first, last) : database.bodies(numbers)
}

async function readRange(
  database: Database,
  numbers: readonly number[],
  first: number,
  last: number,
): Promise<(BodyRecord | undefined)[]> {
  const { keys, store } = database
  const iterator = store.iterator({
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
  return numbers.map(number => {
    const record = found[number - first]
    return record === undefined ? undefined : decodeBodyRecord(record)
  })
}
