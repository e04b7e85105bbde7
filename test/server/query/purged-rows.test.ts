import test from 'ava'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

interface Rows {
  readonly rows: readonly { readonly id: string }[]
}

test('a purged document has no rows in a view that was built before', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  const views = { ids: { map: 'function (doc) { emit(doc._id, 1) }' } }
  await call(url, 'PUT', '/db/_design/d', { json: { views } })
  const written = await call(url, 'PUT', '/db/gone', { json: { n: 1 } })
  await call(url, 'PUT', '/db/kept', { json: { n: 2 } })
  const ids = async () =>
    (await call<Rows>(url, 'GET', '/db/_design/d/_view/ids')).body.rows.map(({ id }) => id)
  t.deepEqual(await ids(), ['gone', 'kept'])
  const purged = await call(url, 'POST', '/db/_purge', { json: { gone: [written.body['rev']] } })
  t.is(purged.status, 201)
  t.deepEqual(await ids(), ['kept'])
})
