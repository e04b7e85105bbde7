import test from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { securedServer } from '../../helpers/secured-server.ts'

const MAP = 'function (doc) { for (var i = 0; i < 20000; i++) Math.sqrt(i); emit(doc.n, null) }'

test('queries beyond those that may wait get 503 with when to come again, and the others their answer', async t => {
  const { admin } = await securedServer(
    t,
    'couchette/max_running_queries=1',
    'couchette/max_waiting_queries=3',
  )
  await admin('PUT', '/db')
  const docs = Array.from({ length: 300 }, (_, n) => ({ _id: `d${n}`, n }))
  await admin('POST', '/db/_bulk_docs', { json: { docs } })
  await admin('PUT', '/db/_design/d', { json: { views: { v: { map: MAP } } } })
  const view = '/db/_design/d/_view/v?limit=1'
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => admin<{ total_rows?: number; error?: string }>('GET', view)),
  )
  const refused = answers.filter(({ status }) => status === 503)
  const answered = answers.filter(({ status }) => status === 200)
  t.is(refused.length + answered.length, answers.length)
  t.true(refused.length > 0)
  t.true(answered.length >= 3)
  for (const { headers, body } of refused) {
    t.regex(String(headers['retry-after']), /^\d+$/)
    t.is(body.error, 'service_unavailable')
  }
  for (const { body } of answered) t.is(body.total_rows, 300)
  t.is((await admin('GET', view)).status, 200)
  t.is((await admin('POST', '/db/_find', { json: { selector: { n: 3 } } })).status, 200)
})

test('clients that leave leave the queue', async t => {
  const { admin } = await securedServer(
    t,
    'couchette/max_running_queries=1',
    'couchette/max_waiting_queries=1',
  )
  await admin('PUT', '/db')
  const docs = Array.from({ length: 500 }, (_, n) => ({ _id: `d${n}`, n }))
  await admin('POST', '/db/_bulk_docs', { json: { docs } })
  await admin('PUT', '/db/_design/d', { json: { views: { v: { map: MAP } } } })
  const view = '/db/_design/d/_view/v?limit=1'
  for (let n = 0; n < 5; n++) {
    await t.throwsAsync(admin('GET', view, { signal: AbortSignal.timeout(20) }), { any: true })
    await eventually('the place is free', async () => {
      const { status } = await admin('GET', `${view}&update=false`)
      return status === 200
    })
  }
})

test('a query that would take minutes leaves others their turn, and ends when its client leaves', async t => {
  const { admin } = await securedServer(t, 'couchette/max_running_queries=1')
  await admin('PUT', '/db')
  const docs = Array.from({ length: 3000 }, (_, n) => ({ _id: `d${n}`, x: 'x'.repeat(50) }))
  await admin('POST', '/db/_bulk_docs', { json: { docs } })
  const find = (selector: object, signal?: AbortSignal) =>
    admin('POST', '/db/_find', { json: { selector }, ...(signal === undefined ? {} : { signal }) })
  const client = new AbortController()
  let isOver = false
  const long = find({ x: { $regex: 'x?'.repeat(500) + 'x'.repeat(500) } }, client.signal)
  const left = t.throwsAsync(
    long.finally(() => (isOver = true)),
    { any: true },
  )
  t.is((await admin('GET', '/_up')).status, 200)
  t.false(isOver)
  client.abort()
  await left
  t.is((await find({ _id: 'd1' })).status, 200)
})
