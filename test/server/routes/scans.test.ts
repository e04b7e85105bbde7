import test from 'ava'
import { securedServer } from '../../helpers/secured-server.ts'

test('scans beyond those that may wait get 503, and queries with an index have a queue of their own', async t => {
  const { admin } = await securedServer(t, 'couchette/max_running_scans=1', 'couchette/max_waiting_scans=3')
  await admin('PUT', '/db')
  const docs = Array.from({ length: 5000 }, (_, n) => ({ _id: `d${n}`, n, text: 'x'.repeat(200) }))
  await admin('POST', '/db/_bulk_docs', { json: { docs } })
  await admin('POST', '/db/_index', { json: { index: { fields: ['n'] } } })
  const find = (selector: object) => admin<{ error?: string }>('POST', '/db/_find', { json: { selector } })
  t.is((await find({ n: 7 })).status, 200)
  const [indexed, ...scans] = await Promise.all([
    find({ n: 7 }),
    ...Array.from({ length: 20 }, () => find({ text: 'y' })),
  ])
  t.is(indexed.status, 200)
  const refused = scans.filter(({ status }) => status === 503)
  t.is(refused.length + scans.filter(({ status }) => status === 200).length, scans.length)
  t.true(refused.length > 0 && refused.length < scans.length)
  for (const { headers, body } of refused) {
    t.regex(String(headers['retry-after']), /^\d+$/)
    t.is(body.error, 'service_unavailable')
  }
  t.is((await find({ text: 'y' })).status, 200)
})
