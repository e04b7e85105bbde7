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
  t.true(deleted.active > before.active)

  await call(url, 'POST', '/db/_compact', { json: {} })
  await eventually('the database is compacted', async () => !(await infoOf()).compact_running)
  const { sizes: compacted } = await infoOf()
  t.is(compacted.external, deleted.external)
  t.true(compacted.active < before.active && compacted.active < compacted.file, JSON.stringify(compacted))
})
