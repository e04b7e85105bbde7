import { randomBytes } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'

interface Info {
  readonly sizes: { readonly file: number; readonly external: number; readonly active: number }
}

interface Task {
  readonly type: string
  readonly database: string
  readonly progress: number
}

const AT_ONCE = [
  { section: 'smoosh', key: 'wait_secs', value: '0' },
  { section: 'smoosh', key: 'staleness', value: '0' },
]

const setting = (section: string, key: string, value: string) => ({ section, key, value })

/** Writes documents of random text several times over. */
async function rewrite(url: string, documents: number, times: number, bytes: number): Promise<void> {
  let revs: (string | undefined)[] = []
  for (let time = 0; time < times; time++) {
    const docs = Array.from({ length: documents }, (_, n) => ({
      _id: `doc${n}`,
      ...(revs[n] === undefined ? {} : { _rev: revs[n] }),
      n: time,
      text: randomBytes(bytes / 2).toString('hex'),
    }))
    const { body } = await call<{ rev: string }[]>(url, 'POST', '/db/_bulk_docs', { json: { docs } })
    revs = body.map(({ rev }) => rev)
  }
}

async function bytesOnDisk(folder: string): Promise<number> {
  const names = await readdir(folder)
  const sizes = await Promise.all(names.map(async name => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

test('a database with more garbage than data is compacted by itself, is seen while it is, and frees the disk', async t => {
  const dir = await tempDir()
  const server = await startServer({
    data: dir.path,
    settings: [...AT_ONCE, setting('smoosh', 'wait_secs', '3600')],
  })
  const { url } = server
  const info = async () => (await call<Info>(url, 'GET', '/db')).body
  try {
    await call(url, 'PUT', '/db')
    await rewrite(url, 500, 8, 8000)
    const { sizes: before } = await info()
    t.true(before.file > 4 * before.active, JSON.stringify(before))
    const onDisk = await bytesOnDisk(join(dir.path, 'store'))
    await server.couchette.close()

    // A channel that wants more garbage leaves it alone: a compaction from the start on may be over before connections are taken.
    const again = await startServer({
      data: dir.path,
      settings: [...AT_ONCE, setting('smoosh', 'db_channels', 'slack_dbs')],
    })
    const base = again.url
    const seen = new Set<string>()
    const status = `/_node/_local/_smoosh/status`
    try {
      await call(base, 'PUT', '/_node/_local/_config/smoosh/db_channels', { json: 'ratio_dbs' })
      await call(base, 'PUT', '/db/looked_at_again', { json: {} })
      await eventually('it is compacted', async () => {
        const { body: tasks } = await call<Task[]>(base, 'GET', '/_active_tasks')
        for (const { type, database } of tasks) seen.add(`${type} ${database}`)
        const { body } = await call<Info>(base, 'GET', '/db')
        return body.sizes.file < 2 * body.sizes.active
      })
      t.deepEqual([...seen], ['database_compaction db'])
      t.true((await bytesOnDisk(join(dir.path, 'store'))) < onDisk / 3)
      await eventually('it is counted', async () => {
        const { body } = await call<{ channels: Record<string, { active: number }> }>(base, 'GET', status)
        return body.channels.ratio_dbs?.active === 0
      })
      const metrics = (await call<string>(base, 'GET', '/_node/_local/_prometheus')).body
      t.regex(metrics, /^couchette_compaction_databases_total 1$/m)
      const { body: doc } = await call<{ n: number }>(base, 'GET', '/db/doc7')
      t.is(doc.n, 7)
    } finally {
      await again.couchette.close()
    }
  } finally {
    await dir.remove()
  }
})

test('a database that an earlier run left with garbage is compacted after the start, without a write', async t => {
  const dir = await tempDir()
  try {
    const server = await startServer({
      data: dir.path,
      settings: [...AT_ONCE, setting('smoosh', 'wait_secs', '3600')],
    })
    await call(server.url, 'PUT', '/db')
    await rewrite(server.url, 500, 8, 8000)
    await server.couchette.close()

    const again = await startServer({ data: dir.path, settings: AT_ONCE })
    try {
      await eventually('it is compacted', async () => {
        const { body } = await call<string>(again.url, 'GET', '/_node/_local/_prometheus')
        return /^couchette_compaction_databases_total 1$/m.test(body)
      })
      const { sizes } = (await call<Info>(again.url, 'GET', '/db')).body
      t.true(sizes.file < 2 * sizes.active, JSON.stringify(sizes))
    } finally {
      await again.couchette.close()
    }
  } finally {
    await dir.remove()
  }
})

test('nothing is compacted by itself that a channel leaves alone', async t => {
  const server = await startServer({
    settings: [
      ...AT_ONCE,
      setting('smoosh.ignore', 'db', 'true'),
      setting('smoosh.ratio_dbs', 'min_size', '50000'),
    ],
  })
  const { url } = server
  try {
    await call(url, 'PUT', '/db')
    await call(url, 'PUT', '/other')
    await rewrite(url, 20, 8, 1000)
    const compactions = async () =>
      Number(
        /^couchette_compaction_databases_total (\d+)$/m.exec(
          (await call<string>(url, 'GET', '/_node/_local/_prometheus')).body,
        )?.[1],
      )
    const { sizes } = (await call<Info>(url, 'GET', '/db')).body
    t.true(sizes.file > 4 * sizes.active)
    await call(url, 'DELETE', '/_node/_local/_config/smoosh.ignore/db', {
      headers: { 'x-couch-persist': 'false' },
    })
    t.is(await compactions(), 0)
    await call(url, 'PUT', '/db/more', { json: {} })
    await eventually('it is compacted now', async () => (await compactions()) === 1)
  } finally {
    await server.close()
  }
})

test('the sizes of an index follow its rows: edits keep them, deletions and compaction make them smaller', async t => {
  const server = await startServer()
  const { url } = server
  interface ViewInfo {
    readonly view_index: Info & { readonly compact_running: boolean }
  }
  const sizesOf = async () => {
    await call(url, 'GET', '/db/_design/v/_view/all?limit=0')
    return (await call<ViewInfo>(url, 'GET', '/db/_design/v/_info')).body.view_index.sizes
  }
  try {
    await call(url, 'PUT', '/db')
    const views = { all: { map: 'function (doc) { emit(doc.n, doc.text) }' } }
    await call(url, 'PUT', '/db/_design/v', { json: { views } })
    t.deepEqual(await sizesOf(), { file: 0, external: 0, active: 0 })
    await rewrite(url, 300, 1, 100)
    const once = await sizesOf()
    t.true(once.external > 300 * 100 && once.external < once.active && once.active < once.file)
    const { body } = await call<{ rows: { id: string; value: { rev: string } }[] }>(
      url,
      'GET',
      '/db/_all_docs',
    )
    const docs = body.rows
      .filter(({ id }) => id.startsWith('doc'))
      .map(({ id, value }) => ({ _id: id, _rev: value.rev, n: 0, text: randomBytes(50).toString('hex') }))
    const { body: edited } = await call<{ id: string; rev: string }[]>(url, 'POST', '/db/_bulk_docs', {
      json: { docs },
    })
    const twice = await sizesOf()
    t.deepEqual([twice.external, twice.active], [once.external, once.active])
    t.true(twice.file >= once.file + once.active, 'the rows that were replaced take room')
    const deletions = edited.map(({ id, rev }) => ({ _id: id, _rev: rev, _deleted: true }))
    await call(url, 'POST', '/db/_bulk_docs', { json: { docs: deletions } })
    const none = await sizesOf()
    t.deepEqual([none.external, none.active], [0, 0])
    t.is((await call(url, 'POST', '/db/_compact/v', { json: {} })).status, 202)
    await eventually('the index is compacted', async () => {
      const { view_index } = (await call<ViewInfo>(url, 'GET', '/db/_design/v/_info')).body
      return !view_index.compact_running && view_index.sizes.file < 10_000
    })
  } finally {
    await server.close()
  }
})
