import { createHash } from 'node:crypto'
import { DATABASE, type Member, tasksOf, until, withMembers } from './members.ts'

export const EDITS_HEADS = [
  ...['document', 'edits', 'bytes per edit and member', 'of the document', 'without deltas'],
]

const EDITS = 20
const ITEM_BYTES = 100

/** Edits one item of a large document at a time, in a mesh of three, with and without deltas: a row of {@link EDITS_HEADS}. */
export async function measureEdits(bytes: number): Promise<string[]> {
  const { length, each } = await editsOf(bytes, [])
  const without = await editsOf(bytes, ['--set', 'couchette/delta_max_size=0'])
  return [
    ...[`${Math.round(length / 1000)} kB`, String(EDITS), String(Math.round(each))],
    ...[`${((100 * each) / length).toFixed(1)}%`, String(Math.round(without.each))],
  ]
}

/** Returns the length of the document, and the bytes that each edit cost each member, rows of feeds too. */
function editsOf(bytes: number, more: readonly string[]): Promise<{ length: number; each: number }> {
  return withMembers(3, { more }, async members => {
    const [first] = members as [Member, ...Member[]]
    const items = Array.from({ length: Math.round(bytes / ITEM_BYTES) }, (_, n) => ({
      id: n,
      name: createHash('sha256').update(String(n)).digest('hex').slice(0, 40),
      count: n,
      tags: ['tea', 'cup'],
    }))
    let rev = await write(first, { items })
    await arrives(members, rev)
    const before = await readBy(members)
    for (let n = 0; n < EDITS; n++) {
      items[(n * 37) % items.length]!.count += 1000
      rev = await write(first, { _rev: rev, items })
      await arrives(members, rev)
    }
    const read = (await readBy(members)) - before
    return { length: JSON.stringify({ items }).length, each: read / EDITS / (members.length - 1) }
  })
}

async function write({ client }: Member, document: object): Promise<string> {
  const body = JSON.stringify(document)
  return (await client.json<{ rev: string }>('PUT', `/${DATABASE}/large`, 201, body)).rev
}

async function arrives(members: readonly Member[], rev: string): Promise<void> {
  await until('all members have the edit', async () => {
    const answers = await Promise.all(
      members.map(({ client }) => client.send('GET', `/${DATABASE}/large?rev=${rev}`)),
    )
    return answers.every(({ status }) => status === 200)
  })
}

async function readBy(members: readonly Member[]): Promise<number> {
  const tasks = (await Promise.all(members.map(tasksOf))).flat()
  return tasks.reduce((total, { bytes_read: bytes = 0 }) => total + bytes, 0)
}
