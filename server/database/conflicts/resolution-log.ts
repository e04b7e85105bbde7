import { bufferOf } from '../../../protocol/bytes.ts'
import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import { type DatabaseKeys, KeySpace, PREFIX_LENGTH } from '../../storage/keys.ts'
import type { DatabaseReader } from '../reading/database-reader.ts'
import { STORAGE } from '../storage-of.ts'

/** A resolution of a conflict, or the reason why a policy made none. */
export interface ResolutionRow {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly id: DocId
  /** "_design/policy/0"; null of a resolution by hand. */
  readonly policy: string | null
  /** Of the policy; "by_hand" where there is none. */
  readonly kind: string
  /** Name of whoever resolved it by hand. */
  readonly user?: string | null
  /** The leaves that were resolved, the winner first. */
  readonly leaves: readonly string[]
  /** The revision that is left; undefined where the policy failed. */
  readonly rev?: string
  readonly error?: string
}

/** The part of a row that a resolution is asked with: the commit adds the document and its revisions. */
export type ResolutionOrigin = Pick<ResolutionRow, 'time' | 'policy' | 'kind' | 'user'>

const TIME_BYTES = 6
const ROWS_AT_A_TIME = 200

/** Returns the key and the value of a row: `… 0d <time 6> <document id>`, JSON. */
export function encodeResolution(
  keys: DatabaseKeys,
  { time, id, ...rest }: ResolutionRow,
): readonly [key: Uint8Array, value: Uint8Array] {
  const place = Buffer.alloc(TIME_BYTES)
  place.writeUIntBE(time, 0, TIME_BYTES)
  const key = keys.bytes(KeySpace.resolution, Buffer.concat([place, Buffer.from(id)]))
  return [key, Buffer.from(JSON.stringify(rest))]
}

/** Yields the latest rows of a database's log, the newest first, some at a time. */
export async function* latestResolutions(
  database: DatabaseReader,
  limit: number,
): AsyncGenerator<readonly ResolutionRow[], void, undefined> {
  const { store, keys } = database[STORAGE]
  if (limit === 0) return
  const iterator = store.iterator({ ...keys.range(KeySpace.resolution), reverse: true, limit })
  try {
    for (;;) {
      const entries = await iterator.nextv(ROWS_AT_A_TIME)
      if (entries.length === 0) return
      yield entries.map(([key, value]) => decodeResolution(key, value))
    }
  } finally {
    await iterator.close()
  }
}

/** Returns the number of rows of a database's log. Reads their keys. */
export async function countResolutions(database: DatabaseReader): Promise<number> {
  const { store, keys } = database[STORAGE]
  return (await store.keys(keys.range(KeySpace.resolution)).all()).length
}

function decodeResolution(key: Uint8Array, value: Uint8Array): ResolutionRow {
  const place = bufferOf(key).subarray(PREFIX_LENGTH)
  return {
    time: place.readUIntBE(0, TIME_BYTES),
    id: asDocId(place.toString('utf8', TIME_BYTES)),
    ...(JSON.parse(bufferOf(value).toString()) as Omit<ResolutionRow, 'time' | 'id'>),
  }
}
