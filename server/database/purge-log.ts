import { numberOfKey, Space } from '../storage/keys.ts'
import type { StoreSnapshot } from '../storage/store.ts'
import type { Commit } from './commit.ts'
import type { WritableDatabase } from './writable-database.ts'
import type { PurgeRequest } from './purge.ts'
import type { WriteRequest } from './writer.ts'

export interface LoggedPurge extends PurgeRequest {
  readonly purgeSeq: number
}

/**
 * The purges behind a purge sequence, oldest first, as far as the log goes back; it always has the latest.
 *
 * @param snapshot the moment to read at; now, without one
 */
export async function* purgesAfter(
  { store, keys }: Pick<WritableDatabase, 'store' | 'keys'>,
  purgeSeq: number,
  snapshot?: StoreSnapshot,
): AsyncGenerator<LoggedPurge> {
  const range = { gte: keys.number(Space.purge, purgeSeq + 1), lt: keys.range(Space.purge).lt }
  const options = snapshot === undefined ? range : { ...range, snapshot }
  for await (const [key, record] of store.iterator(options)) {
    const request = JSON.parse(Buffer.from(record).toString()) as PurgeRequest
    yield { ...request, purgeSeq: numberOfKey(key) }
  }
}

const FORGOTTEN_AT_A_TIME = 1000

/** Cuts the log to the latest purges; `_purged_infos_limit` says how many. */
export class CutPurgeLog implements WriteRequest<void> {
  readonly ids = []
  readonly bytes = 0
  readonly #database: WritableDatabase

  constructor(database: WritableDatabase) {
    this.#database = database
  }

  async apply(commit: Commit): Promise<void> {
    const { store, keys } = this.#database
    const { purgeSeq, purgedInfosLimit } = commit.state
    const { gte } = keys.range(Space.purge)
    const lt = keys.number(Space.purge, Math.max(0, purgeSeq - purgedInfosLimit) + 1)
    for (const key of await store.keys({ gte, lt, limit: FORGOTTEN_AT_A_TIME }).all()) commit.deleteRaw(key)
  }
}
