import {
  DATABASE,
  countOf,
  type Member,
  seconds,
  seenBy,
  tasksOf,
  until,
  withMembers,
  writeMany,
} from './members.ts'

export const LOAD_HEADS = [
  ...['members', 'neighbours', 'hops mean/max', 'documents', 'documents/s', 'all have all'],
  ...['bodies per change and member', 'w=1', 'w=2'],
]

const BATCH = 100
const SINGLE_WRITES = 50

/** Has all members written to at once, and returns a row of {@link LOAD_HEADS}. */
export function measureLoad(count: number, documents: number): Promise<string[]> {
  return withMembers(count, {}, async members => {
    const { neighbours, mean, max } = await hopsOf(members)
    const batch = Math.min(BATCH, Math.ceil(documents / count))
    const each = Math.ceil(documents / count / batch) * batch
    const total = each * count
    const started = performance.now()
    await Promise.all(members.map((member, n) => load(member, n, each, batch)))
    const loadedMs = performance.now() - started
    await until('all members have all documents', async () =>
      (await Promise.all(members.map(countOf))).every(found => found === total),
    )
    const allMs = performance.now() - started
    const bodies = (await Promise.all(members.map(writtenByJobs))).reduce((sum, found) => sum + found, 0)
    const [one, two] = [await latency(members[0]!, 1), await latency(members[0]!, 2)]
    return [
      ...[String(count), neighbours.toFixed(1), `${mean.toFixed(1)} / ${max}`, String(total)],
      ...[String(Math.round((total / loadedMs) * 1000)), seconds(allMs)],
      (bodies / total / (count - 1)).toFixed(2),
      ...[`${one.toFixed(1)} ms`, `${two.toFixed(1)} ms`],
    ]
  })
}

/** Returns how far members are from each other, by whom each pulls from at this moment. */
export async function hopsOf(
  members: readonly Member[],
): Promise<{ readonly neighbours: number; readonly mean: number; readonly max: number }> {
  const pulledBy = new Map<string, string[]>(members.map(({ id }) => [id, []]))
  for (const member of members)
    for (const { id, pulled } of await seenBy(member)) if (pulled) pulledBy.get(id)?.push(member.id)
  const distances = members.flatMap(({ id }) => distancesFrom(id, pulledBy))
  return {
    neighbours: [...pulledBy.values()].reduce((sum, { length }) => sum + length, 0) / members.length,
    mean: distances.reduce((sum, hops) => sum + hops, 0) / distances.length,
    max: Math.max(...distances),
  }
}

function distancesFrom(start: string, pulledBy: ReadonlyMap<string, readonly string[]>): number[] {
  const hops = new Map([[start, 0]])
  for (const [id, distance] of hops)
    for (const next of pulledBy.get(id) ?? []) if (!hops.has(next)) hops.set(next, distance + 1)
  if (hops.size !== pulledBy.size) throw new Error(`${pulledBy.size - hops.size} members are not reached`)
  return [...hops.values()].filter(distance => distance > 0)
}

async function load(member: Member, index: number, documents: number, batch: number): Promise<void> {
  for (let from = 0; from < documents; from += batch)
    await writeMany(
      member,
      Array.from({ length: batch }, (_, n) => ({ _id: `${index}-${from + n}`, text: 'x'.repeat(400) })),
    )
}

/** Returns the documents that a member's running jobs have written. */
async function writtenByJobs(member: Member): Promise<number> {
  return (await tasksOf(member)).reduce((sum, { docs_written: written = 0 }) => sum + written, 0)
}

/** Returns the median time of a write, in milliseconds. */
async function latency({ client }: Member, w: number): Promise<number> {
  const times: number[] = []
  for (let n = 0; n < SINGLE_WRITES; n++) {
    const began = performance.now()
    await client.json('PUT', `/${DATABASE}/w${w}-${n}?w=${w}`, 201, '{"n":1}')
    times.push(performance.now() - began)
  }
  return times.sort((a, b) => a - b)[SINGLE_WRITES / 2]!
}
