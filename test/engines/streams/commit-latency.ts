import { setTimeout as sleep } from 'node:timers/promises'
import { ContinuousFeed } from '../../helpers/feed.ts'
import type { PostgresServer } from './postgres-server.ts'

/** Commits that are timed; more with STREAM_LATENCY. */
const COMMITS = Number(process.env['STREAM_LATENCY'] ?? 10)
/** Commits do not come in step with Debezium's looks for them. */
const MAX_PAUSE_MS = 120

/**
 * Times rows of PostgreSQL from their commit to a reader of a database's continuous feed. They are deleted behind it.
 *
 * @param first id of the first row; none of them may have been there before
 * @returns milliseconds, the shortest first
 */
export async function commitLatencies(
  postgres: PostgresServer,
  url: string,
  database: string,
  first: number,
): Promise<number[]> {
  const feed = await ContinuousFeed.open(url, `/${database}/_changes?feed=continuous&since=now`)
  const times: number[] = []
  try {
    for (let id = first; id < first + COMMITS; id++) {
      await sleep(Math.random() * MAX_PAUSE_MS)
      await postgres.sql(`INSERT INTO rows VALUES (${id}, 1, 'timed', NULL)`)
      const committed = performance.now()
      const line = `"id":"row:${id}"`
      while (!feed.lines.some(text => text.includes(line))) {
        if (performance.now() - committed > 60_000) throw new Error(`row ${id} has not come`)
        await sleep(1)
      }
      times.push(performance.now() - committed)
    }
    await postgres.sql(`DELETE FROM rows WHERE id >= ${first} AND id < ${first + COMMITS}`)
  } finally {
    feed.close()
  }
  return times.sort((a, b) => a - b)
}
