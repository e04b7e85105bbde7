import { numberOfKey, KeySpace } from '../../storage/keys.ts'
import type { StoreSnapshot } from '../../storage/store.ts'
import type { WritableDatabase } from './writable-database.ts'
import type { PurgeRequest } from '../commit/write-request.ts'
import { STORAGE } from '../storage-of.ts'

export interface LoggedPurge extends PurgeRequest {
  readonly purgeSeq: number
}

/**
 * The purges behind a purge sequence, oldest first, as far as the log goes back; it always has the latest.
 *
 * @param snapshot the moment to read at; now, without one
 */
export async function* purgesAfter(
  database: Pick<WritableDatabase, typeof STORAGE>,
  purgeSeq: number,
  snapshot?: StoreSnapshot,
): AsyncGenerator<LoggedPurge> {
  const { store, keys } = database[STORAGE]
  const range = { gte: keys.number(KeySpace.purge, purgeSeq + 1), lt: keys.range(KeySpace.purge).lt }
  const options = snapshot === undefined ? range : { ...range, snapshot }
  for await (const [key, record] of store.iterator(options)) {
    const request = JSON.parse(Buffer.from(record).toString()) as PurgeRequest
    yield { ...request, purgeSeq: numberOfKey(key) }
  }
}
