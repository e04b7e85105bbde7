import test from 'ava'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'

const DOCUMENTS = 16
const SIZE = 6_000_000

test('documents that together are larger than the memory of an engine are indexed and found', async t => {
  t.timeout(4 * 60_000)
  const { url, close } = await startServer()
  t.teardown(close)
  await call(url, 'PUT', '/db')
  const views = { size: { map: 'function (doc) { emit(doc.n, doc.text.length) }' } }
  for (let n = 0; n < DOCUMENTS; n++)
    await call(url, 'PUT', `/db/doc${n}`, { json: { n, text: 'x'.repeat(SIZE) } })
  await call(url, 'PUT', '/db/_design/d', { json: { views } })
  const { status, body } = await call<{ rows: { value: number }[] }>(url, 'GET', '/db/_design/d/_view/size')
  t.is(status, 200, JSON.stringify(body).slice(0, 200))
  t.deepEqual(
    body.rows.map(({ value }) => value),
    Array<number>(DOCUMENTS).fill(SIZE),
  )
})
