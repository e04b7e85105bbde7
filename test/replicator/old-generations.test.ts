import { join } from 'node:path'
import test from 'ava'
import { asDatabaseName } from '../../protocol/database-name.ts'
import { asDocId } from '../../protocol/document-id.ts'
import { Attachments } from '../../server/attachments/attachments.ts'
import { Catalog } from '../../server/database/catalog.ts'
import { openStore } from '../../server/storage/store.ts'
import { call } from '../helpers/http.ts'
import { replicate } from '../helpers/replication.ts'
import { startServer } from '../helpers/server.ts'
import { tempDir } from '../helpers/temp.ts'

const ADMIN = { name: 'admin', roles: ['_admin'] }

/** Generations that were taken before there were bounds: too low, and too high to be parsed. */
const ODD: readonly (readonly [string, number])[] = [
  ['zero', 0],
  ['negative', -5],
  ['huge', 2 ** 53],
  ['long', 1e15],
]

/** Writes what today's server refuses, past its parsers, as older ones stored it. */
async function fillOldStore(directory: string): Promise<void> {
  const store = await openStore(join(directory, 'store'))
  const attachments = await Attachments.open({
    store,
    directory: join(directory, 'attachments'),
    compressionLevel: () => undefined,
    maxSize: () => Infinity,
  })
  const catalog = new Catalog(store, attachments, {})
  const database = await catalog.create(asDatabaseName('old'), { partitioned: false })
  const edit = (id: string, start: number, hash: string) => ({
    id: asDocId(id),
    revs: { start, hashes: [hash] },
    deleted: false,
    body: Buffer.from('{"a":1}'),
    term: undefined,
    attachments: [],
  })
  const edits = [
    ...ODD.map(([id, start]) => edit(id, start, 'a')),
    // One with a good leaf besides.
    edit('both', -5, 'a'),
    edit('both', 2, 'b'),
    edit('good', 1, 'c'),
  ]
  await database.update(edits, { replicated: true, user: ADMIN })
  await catalog.close()
  await attachments.close()
  await store.close()
}

test('documents of generations out of range stop neither their database nor its replications', async t => {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  await fillOldStore(dir.path)
  const [old, far] = await Promise.all([startServer({ data: dir.path }), startServer()])
  t.teardown(() => Promise.all([old.close(), far.close()]))
  const feed = await call<{ results: unknown[] }>(old.url, 'GET', '/old/_changes?style=all_docs')
  t.is(feed.body.results.length, ODD.length + 2)
  for (const [node, job] of [
    [old, { source: 'old', target: `${far.url}/pushed`, create_target: true }],
    [far, { source: `${old.url}/old`, target: 'pulled', create_target: true }],
    [old, { source: 'old', target: 'copied', create_target: true }],
  ] as const) {
    const answer = await replicate(node.url, job)
    t.true(answer.ok, `${job.target}: ${answer.reason}`)
    t.like(answer.history?.[0], { docs_written: 3, doc_write_failures: 4 }, job.target)
    const [base, path] =
      job.target === 'copied' ? [old.url, '/copied'] : [far.url, `/${job.target.split('/').at(-1)}`]
    const { body } = await call<{ rows: { id: string; value: { rev: string } }[] }>(
      base,
      'GET',
      `${path}/_all_docs`,
    )
    t.deepEqual(
      body.rows.map(({ id, value }) => [id, value.rev]),
      [
        ['both', '2-b'],
        ['good', '1-c'],
        ['zero', '0-a'],
      ],
    )
  }
  for (const [id, start] of ODD) {
    t.is((await call(old.url, 'GET', `/old/${id}?conflicts=true&revs_info=true`)).status, 200, id)
    t.is((await call(old.url, 'GET', `/old/${id}?open_revs=all`)).status, 200, id)
    const edited = await call(old.url, 'PUT', `/old/${id}`, { json: { _rev: `${start}-a` } })
    t.true([201, 400, 409].includes(edited.status), `${id}: ${edited.status}`)
  }
  t.is((await call(old.url, 'GET', '/old/_all_docs?include_docs=true&conflicts=true')).status, 200)
  const compacted = await call(old.url, 'POST', '/old/_compact', { json: {} })
  t.is(compacted.status, 202)
})

test('leaves of generations out of range are purged by the revisions that are shown', async t => {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  await fillOldStore(dir.path)
  const { url, close } = await startServer({ data: dir.path })
  t.teardown(close)
  const purge = (json: object) => call<{ purged: unknown }>(url, 'POST', '/old/_purge', { json })
  for (const wrong of ['-6-a', '-5-b', '-a', '9007199254740992-b', '--5-a', 'a-5', '-5-']) {
    t.is((await purge({ negative: [wrong] })).status, 400, wrong)
  }
  t.is((await purge({ good: ['-5-a'] })).status, 400)
  const feed = await call<{ results: { id: string; changes: { rev: string }[] }[] }>(
    url,
    'GET',
    '/old/_changes?style=all_docs',
  )
  const leaves = feed.body.results.map(({ id, changes }) => [id, changes.map(({ rev }) => rev)] as const)
  const odd = leaves.filter(([id]) => id !== 'good')
  const asked = Object.fromEntries(odd.map(([id, revs]) => [id, revs.filter(rev => rev !== '2-b')]))
  const { status, body } = await purge(asked)
  t.is(status, 201)
  t.deepEqual(body.purged, asked)
  const left = await call<{ rows: { id: string; value: { rev: string } }[] }>(url, 'GET', '/old/_all_docs')
  t.deepEqual(
    left.body.rows.map(({ id, value }) => [id, value.rev]),
    [
      ['both', '2-b'],
      ['good', '1-c'],
    ],
  )
  t.is((await call(url, 'GET', '/old/_purged_infos')).status, 200)
  t.is((await call(url, 'PUT', '/old/negative', { json: {} })).status, 201)
})
