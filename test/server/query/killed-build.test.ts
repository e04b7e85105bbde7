import test from 'ava'
import { call } from '../../helpers/http.ts'
import { spawnServer } from '../../helpers/spawn-server.ts'
import { tempDir } from '../../helpers/temp.ts'

const DOCUMENTS = 3000
const CITIES = 7

/** Each document takes a while, so that the build can be cut off. */
const MAP = `function (doc) {
  for (var i = 0, sum = 0; i < 6000; i++) sum += i
  emit(['city', doc.n % ${CITIES}], doc.n)
}`

interface Task {
  readonly type: string
  readonly total_changes: number
  readonly changes_done: number
}

const DESIGN = '/db/_design/d'

async function builtUpTo(url: string): Promise<number> {
  const { body } = await call<{ view_index: { update_seq: number } }>(url, 'GET', `${DESIGN}/_info`)
  return body.view_index.update_seq
}

async function indexerOf(url: string): Promise<Task | undefined> {
  const { body } = await call<Task[]>(url, 'GET', '/_active_tasks')
  return body.find(({ type }) => type === 'indexer')
}

async function load(url: string): Promise<void> {
  await call(url, 'PUT', '/db')
  const docs = Array.from({ length: DOCUMENTS }, (_, n) => ({ _id: `doc-${n}`, n }))
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs } })
  const views = { v: { map: MAP, reduce: '_sum' } }
  await call(url, 'PUT', DESIGN, { json: { autoupdate: false, views } })
}

/** Starts a build by a query, and waits until a part of it is done. */
async function buildPartly(url: string): Promise<number> {
  let isOver = false
  const over = () => (isOver = true)
  void call(url, 'GET', `${DESIGN}/_view/v`).then(over, over)
  while (!isOver) {
    const seq = await builtUpTo(url)
    if (seq > 0) return seq
  }
  throw new Error('the build ended before it was cut off')
}

test('a build that was cut off by kill -9 goes on where it was, and its rows are right', async t => {
  const dir = await tempDir()
  let server = await spawnServer(dir.path)
  try {
    await load(server.url)
    const seen = await buildPartly(server.url)
    await server.kill()

    server = await spawnServer(dir.path)
    const kept = await builtUpTo(server.url)
    t.true(kept >= seen && kept < DOCUMENTS, `built up to ${seen} before the kill, ${kept} after it`)

    let done = false
    const groups = call<{ rows: { key: unknown; value: number }[] }>(
      server.url,
      'GET',
      `${DESIGN}/_view/v?group=true`,
    ).finally(() => (done = true))
    let task: Task | undefined
    while (task === undefined && !done) task = await indexerOf(server.url)
    t.is(task?.total_changes, DOCUMENTS + 1 - kept, 'what is left to do is what was not built')

    const expected = Array.from({ length: CITIES }, (_, city) => {
      let sum = 0
      for (let n = city; n < DOCUMENTS; n += CITIES) sum += n
      return { key: ['city', city], value: sum }
    })
    t.deepEqual((await groups).body.rows, expected)
    const { body } = await call<{ total_rows: number; rows: { id: string }[] }>(
      server.url,
      'GET',
      `${DESIGN}/_view/v?reduce=false`,
    )
    t.is(body.total_rows, DOCUMENTS)
    t.is(new Set(body.rows.map(({ id }) => id)).size, DOCUMENTS)
  } finally {
    await server.kill()
    await dir.remove()
  }
})
