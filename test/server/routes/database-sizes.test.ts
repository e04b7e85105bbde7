import test from 'ava'
import { call } from '../../helpers/http.ts'
import { eventually } from '../../helpers/eventually.ts'
import { withServer } from '../../helpers/with-server.ts'

interface Info {
  readonly sizes: { readonly file: number; readonly external: number; readonly active: number }
  readonly compact_running: boolean
}

test('what is deleted takes room until the database is compacted', withServer, async (t, { url }) => {
  const infoOf = async () => (await call<Info>(url, 'GET', '/db')).body
  const docs = Array.from({ length: 20 }, (_, n) => ({ _id: `doc${n}`, text: 'x'.repeat(100) }))
  await call(url, 'PUT', '/db')
  const { body: written } = await call<{ rev: string }[]>(url, 'POST', '/db/_bulk_docs', { json: { docs } })
  const { sizes: before } = await infoOf()
  t.true(before.external < before.active && before.active < before.file, JSON.stringify(before))

  const deletions = docs.map(({ _id }, at) => ({ _id, _rev: written[at]?.rev, _deleted: true }))
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs: deletions } })
  const { sizes: deleted } = await infoOf()
  t.true(deleted.external < before.external)
  t.true(deleted.active < before.active && deleted.file > before.file, JSON.stringify(deleted))

  await call(url, 'POST', '/db/_compact', { json: {} })
  await eventually('the database is compacted', async () => !(await infoOf()).compact_running)
  const { sizes: compacted } = await infoOf()
  t.is(compacted.external, deleted.external)
  t.true(compacted.active === deleted.active && compacted.file < deleted.file, JSON.stringify(compacted))
})

test('of a document in conflict each leaf counts, and none that is gone', withServer, async (t, { url }) => {
  const external = async () => (await call<Info>(url, 'GET', '/db')).body.sizes.external
  const text = 'x'.repeat(1000)
  const revision = (...ids: string[]) => ({ _id: 'doc', _revisions: { start: ids.length, ids }, text })
  const write = (docs: object[], more: object = {}) =>
    call<{ rev: string }[]>(url, 'POST', '/db/_bulk_docs', { json: { docs, ...more } })
  const expectLeaves = async (count: number, name: string) => {
    const size = await external()
    t.true(size >= count * 1000 && size < (count + 1) * 1000 - 500, `${name}: ${size}`)
  }
  await call(url, 'PUT', '/db')
  await write([revision('a')], { new_edits: false })
  await write([revision('b', 'a'), revision('c', 'a'), revision('d', 'a')], { new_edits: false })
  await expectLeaves(3, 'three branches')
  await write([revision('f', 'e', 'b', 'a'), revision('e', 'b', 'a')], { new_edits: false })
  await expectLeaves(3, 'a longer branch')
  const { body } = await write([{ _id: 'doc', _rev: '2-c', text }])
  await expectLeaves(3, 'an edit')
  await write([{ _id: 'doc', _rev: body[0]?.rev, _deleted: true }])
  await expectLeaves(2, 'a deletion')
  await call(url, 'POST', '/db/_purge', { json: { doc: ['2-d'] } })
  await expectLeaves(1, 'a purge')
  const before = await external()
  await call(url, 'POST', '/db/_compact', { json: {} })
  await eventually(
    'the database is compacted',
    async () => !(await call<Info>(url, 'GET', '/db')).body.compact_running,
  )
  t.is(await external(), before)
})
