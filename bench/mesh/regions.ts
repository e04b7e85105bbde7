import type { Distance } from '../../harness/member-link.ts'
import { countOf, DATABASE, type Member, seconds, tasksOf, until, withMembers, writeMany } from './members.ts'

export const REGIONS_HEADS = [
  ...['members', 'regions', 'round trip', 'loss', 'one write is everywhere after', '300 documents'],
  ...['members that cross', 'bodies crossing per change and region', 'w=2'],
]

const EACH_WRITES = 50

/** Writes at members of regions that are far from each other: a row of {@link REGIONS_HEADS}. */
export function measureRegions(count: number, regions: number, distance: Distance): Promise<string[]> {
  const regionOf = (index: number): string => `region-${index % regions}`
  return withMembers(count, { regionOf, distance }, async members => {
    const [first] = members as [Member, ...Member[]]
    await settled(members)
    for (const { link } of members) link?.traffic.clear()
    const began = performance.now()
    await writeMany(first, [{ _id: 'one' }])
    await until('the write is everywhere', async () => (await counts(members)).every(found => found === 1))
    const oneMs = performance.now() - began
    const writers = members.slice(0, 6)
    const many = performance.now()
    await Promise.all(
      writers.map((member, n) =>
        writeMany(
          member,
          Array.from({ length: EACH_WRITES }, (_, i) => ({ _id: `${n}-${i}`, text: 'x'.repeat(400) })),
        ),
      ),
    )
    const total = 1 + writers.length * EACH_WRITES
    await until('all are everywhere', async () => (await counts(members)).every(found => found === total))
    const manyMs = performance.now() - many
    const crossing = crossingsOf(members)
    const w2 = performance.now()
    await first.client.json('PUT', `/${DATABASE}/w2?w=2`, 201, '{}')
    const w2Ms = performance.now() - w2
    const bodies = await bodiesFromAfar(members)
    return [
      ...[String(count), String(regions), `${distance.roundTripMs} ms`, `${(distance.loss ?? 0) * 100}%`],
      ...[seconds(oneMs), seconds(manyMs), `${crossing.length} of ${count}`],
      ...[(bodies / total / (regions - 1)).toFixed(2), `${w2Ms.toFixed(0)} ms`],
    ]
  })
}

function counts(members: readonly Member[]): Promise<number[]> {
  return Promise.all(members.map(countOf))
}

/** Waits until all jobs run, so that the time of their start is not that of a write. */
async function settled(members: readonly Member[]): Promise<void> {
  await until('all jobs run', async () => {
    const answers = await Promise.all(
      members.map(({ client }) =>
        client.json<{ members: { pulled: boolean; jobs: Record<string, string> }[] }>('GET', '/_mesh', 200),
      ),
    )
    return answers.every(({ members: seen }) =>
      seen.every(({ pulled, jobs }) => !pulled || jobs[DATABASE] === 'running'),
    )
  })
}

/** Returns the members that have asked any member of another region since the count began. */
export function crossingsOf(members: readonly Member[]): string[] {
  const regionOf = new Map(members.map(({ id, region }) => [id, region]))
  const crossing = new Set<string>()
  for (const { link, region } of members)
    for (const id of link?.traffic.keys() ?? []) {
      const other = regionOf.get(id)
      if (other !== undefined && other !== region) crossing.add(id)
    }
  return [...crossing]
}

/** Returns the documents that came from members of other regions. */
async function bodiesFromAfar(members: readonly Member[]): Promise<number> {
  const regionAt = new Map(members.map(({ link, region }) => [new URL(link!.url).host, region]))
  let bodies = 0
  for (const member of members)
    for (const { source, docs_written: written = 0 } of await tasksOf(member))
      if (regionAt.get(new URL(source).host) !== member.region) bodies += written
  return bodies
}
