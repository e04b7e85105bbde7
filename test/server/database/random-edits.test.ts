import test, { type ExecutionContext } from 'ava'
import { createServer, type Couchette } from '../../../server/main.ts'
import { tempDir } from '../../helpers/temp.ts'
import { Model, randomNumbers, winnerOf } from './model.ts'

const ADMIN = { name: 'admin', password: 'pass' }
const DOCUMENTS = 12
const ROUNDS = 4
const EDITS_AT_ONCE = 25

interface Row {
  readonly id: string
  readonly seq: string
  readonly deleted?: boolean
  readonly changes: readonly { readonly rev: string }[]
}

class Client {
  readonly #server: Couchette

  constructor(server: Couchette) {
    this.#server = server
  }

  async json(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.#server.url}/db${path}`, {
      method,
      headers: {
        authorization: `Basic ${btoa(`${ADMIN.name}:${ADMIN.password}`)}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: await response.json() }
  }
}

for (const seed of [1, 2]) {
  test(`random edits, also at once and over restarts, leave what a plain model holds (seed ${seed})`, async t => {
    const data = await tempDir()
    const random = randomNumbers(seed)
    const model = new Model()
    let server = await createServer({ data: data.path, port: 0, admin: ADMIN })
    try {
      await new Client(server).json('PUT', '')
      for (let round = 0; round < ROUNDS; round++) {
        const client = new Client(server)
        await editAtOnce(t, client, model, random)
        await checkAgainst(t, client, model)
        await server.close()
        server = await createServer({ data: data.path, port: 0, admin: ADMIN })
        await checkAgainst(t, new Client(server), model)
      }
    } finally {
      await server.close()
      await data.remove()
    }
  })
}

/** Each document has one writer at a time, so that the model knows the order; different documents are written at once. */
async function editAtOnce(
  t: ExecutionContext,
  client: Client,
  model: Model,
  random: (below: number) => number,
): Promise<void> {
  const plans = new Map<string, number[]>()
  for (let edit = 0; edit < EDITS_AT_ONCE; edit++) {
    const id = `doc${random(DOCUMENTS)}`
    plans.set(id, [...(plans.get(id) ?? []), random(1_000_000)])
  }
  await Promise.all(
    [...plans].map(async ([id, choices]) => {
      for (const choice of choices) await edit(t, client, model, id, choice)
    }),
  )
}

async function edit(
  t: ExecutionContext,
  client: Client,
  model: Model,
  id: string,
  choice: number,
): Promise<void> {
  const leaves = model.leavesOf(id)
  const winner = winnerOf(leaves)
  const live = leaves.filter(({ deleted }) => !deleted)
  const kind = choice % 5
  if (kind === 0) return graft(t, client, model, id, choice)
  if (kind === 1 && live.length > 0)
    return remove(t, client, model, id, live[choice % live.length]?.rev ?? '')
  if (kind === 2 && winner !== undefined && !winner.deleted) {
    const refused = await client.json('PUT', `/${id}`, { choice, _rev: '1-00000000000000000000000000000000' })
    t.is(refused.status, 409)
    return
  }
  const parent = live[choice % Math.max(1, live.length)]?.rev
  const written = await client.json(
    'PUT',
    `/${id}`,
    parent === undefined ? { choice } : { choice, _rev: parent },
  )
  t.is(written.status, 201)
  // Without a live leaf the edit extends the winning tombstone.
  model.replace(id, parent ?? winner?.rev, { rev: revOf(written.body), deleted: false })
}

async function remove(
  t: ExecutionContext,
  client: Client,
  model: Model,
  id: string,
  rev: string,
): Promise<void> {
  const removed = await client.json('DELETE', `/${id}?rev=${rev}`)
  t.is(removed.status, 200)
  model.replace(id, rev, { rev: revOf(removed.body), deleted: true })
}

/** A revision from elsewhere, on a leaf or as a branch of its own. */
async function graft(
  t: ExecutionContext,
  client: Client,
  model: Model,
  id: string,
  choice: number,
): Promise<void> {
  const leaves = model.leavesOf(id)
  const parent = choice % 2 === 0 ? leaves[choice % Math.max(1, leaves.length)]?.rev : undefined
  const start = parent === undefined ? 1 : Number(parent.split('-')[0]) + 1
  const hash = choice.toString(16).padStart(32, 'a')
  const ids = parent === undefined ? [hash] : [hash, parent.slice(parent.indexOf('-') + 1)]
  const deleted = choice % 3 === 0
  const doc = { _id: id, _rev: `${start}-${hash}`, _revisions: { start, ids }, _deleted: deleted, choice }
  const written = await client.json('POST', '/_bulk_docs', { docs: [doc], new_edits: false })
  t.deepEqual(written.body, [])
  model.replace(id, parent, { rev: `${start}-${hash}`, deleted })
}

async function checkAgainst(t: ExecutionContext, client: Client, model: Model): Promise<void> {
  const feed = (await client.json('GET', '/_changes?style=all_docs')).body as {
    results: Row[]
    last_seq: string
  }
  t.deepEqual(feed.results.map(({ id }) => id).toSorted(), [...model.documents.keys()].toSorted())
  const numbers = feed.results.map(({ seq }) => parseInt(seq, 10))
  t.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  )
  t.is(new Set(numbers).size, numbers.length)
  for (const row of feed.results) {
    const leaves = model.leavesOf(row.id)
    t.deepEqual(row.changes.map(({ rev }) => rev).toSorted(), leaves.map(({ rev }) => rev).toSorted(), row.id)
    t.is(row.changes[0]?.rev, winnerOf(leaves)?.rev)
    t.is(row.deleted === true, winnerOf(leaves)?.deleted === true)
  }
  const alive = [...model.documents.values()].filter(leaves => winnerOf(leaves)?.deleted === false).length
  const info = (await client.json('GET', '')).body as Record<string, unknown>
  t.is(info['doc_count'], alive)
  t.is(info['doc_del_count'], model.documents.size - alive)
  const listed = (await client.json('GET', '/_all_docs')).body as {
    rows: { id: string; value: { rev: string } }[]
  }
  t.is(listed.rows.length, alive)
  for (const { id, value } of listed.rows) t.deepEqual(value.rev, winnerOf(model.leavesOf(id))?.rev ?? '')
}

function revOf(body: unknown): string {
  return (body as { rev: string }).rev
}
