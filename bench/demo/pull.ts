import { setTimeout as sleep } from 'node:timers/promises'
import { makeConflicts } from './conflicts.ts'
import { FeedFollower } from './feed.ts'
import { leavesOf } from './leaves.ts'
import { DATABASE } from './nodes.ts'
import type { Node } from './nodes.ts'
import { ProgressBar } from './progress.ts'
import { replicateOn, untilFilled } from './replicate.ts'
import { Writer } from './writer.ts'

const CONFLICTS = 200
const PULL_WITHIN_MS = 10 * 60_000
const FOLLOW_WITHIN_MS = 30_000

/** Events while the south pulled. */
export interface Pull {
  readonly rate: number
  /** New documents that were written on both nodes. */
  readonly notes: number
  /** Documents that both nodes accepted an edit of. */
  readonly conflicts: readonly string[]
  readonly feedRows: number
  /** True if the feed had every document's winner in the end. */
  readonly feedComplete: boolean
}

/**
 * The south replicates the north's database continuously until it has all of it, while both nodes are written to and a
 * continuous feed of the south is followed.
 */
export async function pullWhileWriting(north: Node, south: Node, cities: number): Promise<Pull> {
  await south.client.json('PUT', `/${DATABASE}`, 201)
  const cancel = await replicateOn(south.client, { source: north.database, target: south.database })
  const feed = new FeedFollower(south.url, DATABASE)
  const writers = [new Writer(north.client, DATABASE, 'north'), new Writer(south.client, DATABASE, 'south')]
  try {
    const filled = fill(south, cities)
    const [rate, conflicts] = await Promise.all([filled, conflictsUntil(filled, { north, south, feed })])
    await Promise.all(writers.map(writer => writer.close()))
    await cancel()
    const feedComplete = await hasFollowed(feed, south)
    const notes = writers.reduce((sum, { written }) => sum + written, 0)
    return { rate, notes, conflicts, feedRows: feed.rows, feedComplete }
  } finally {
    await Promise.allSettled([feed, ...writers].map(owner => owner.close()))
  }
}

async function fill(south: Node, cities: number): Promise<number> {
  const bar = new ProgressBar('south pulls', cities)
  await untilFilled(south.client, DATABASE, {
    documents: cities,
    withinMs: PULL_WITHIN_MS,
    onCount: count => bar.show(count),
  })
  return bar.finish()
}

/** Makes conflicts of cities as the feed shows them to arrive, until there are enough or all have arrived. */
async function conflictsUntil(
  filled: Promise<unknown>,
  { north, south, feed }: { north: Node; south: Node; feed: FeedFollower },
): Promise<string[]> {
  const made: string[] = []
  const tried = new Set<string>()
  let over = false
  const end = filled.then(() => (over = true))
  for (;;) {
    const arrived = [...feed.winners].filter(([id]) => !id.startsWith('note-') && !tried.has(id))
    const documents = arrived.slice(0, CONFLICTS - made.length)
    for (const [id] of documents) tried.add(id)
    const nodes = { north: north.client, south: south.client, database: DATABASE }
    made.push(...(await makeConflicts({ ...nodes, documents })))
    if (made.length >= CONFLICTS || (over && arrived.length === 0)) return made
    if (!over) await Promise.race([end, sleep(20)])
  }
}

/** Returns whether the feed soon shows of each document the winner that the database has. */
async function hasFollowed(feed: FeedFollower, { url }: Node): Promise<boolean> {
  const deadline = Date.now() + FOLLOW_WITHIN_MS
  for (;;) {
    const leaves = await leavesOf(url, DATABASE)
    const winners = [...leaves].map(([id, revs]) => [id, revs.split(' ')[0]] as const)
    const shown = winners.every(([id, winner]) => feed.winners.get(id) === winner)
    if (shown && feed.winners.size === leaves.size) return true
    if (Date.now() > deadline) return false
    await sleep(200)
  }
}
