import { inParallel } from '../../harness/client.ts'
import { bulkBodies } from './cities.ts'
import type { CityDocument } from './cities.ts'
import { DATABASE } from './nodes.ts'
import type { Node } from './nodes.ts'
import { ProgressBar } from './progress.ts'

const PER_REQUEST = 1000
const REQUESTS_AT_ONCE = 2

/** Writes the cities to a node, and gives documents a second. */
export async function load({ client }: Node, cities: readonly CityDocument[]): Promise<number> {
  await client.json('PUT', `/${DATABASE}`, 201)
  const bar = new ProgressBar('north loads', cities.length)
  let done = 0
  await inParallel(REQUESTS_AT_ONCE, bulkBodies(cities, PER_REQUEST), async body => {
    const rows = await client.json<{ ok?: true }[]>('POST', `/${DATABASE}/_bulk_docs`, 201, body)
    if (!rows.every(({ ok }) => ok)) throw new Error('a city was not accepted')
    bar.show((done += rows.length))
  })
  return bar.finish()
}
