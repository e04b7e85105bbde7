import test from 'ava'
import { call } from '../../../helpers/http.ts'
import { withServer } from '../../../helpers/with-server.ts'

const RANGES = '`ranges` takes objects with the texts `start_key` and `end_key`'
const PARTS = '`parts` is a whole number from 1 to 1000'

const REFUSED = [
  [{}, 'one of `ranges`, `split` and `list` is needed'],
  [{ ranges: {} }, 'one of `ranges`, `split` and `list` is needed'],
  [{ ranges: Array.from({ length: 1001 }, () => ({})) }, '`ranges` has more than 1000 elements'],
  [{ ranges: [1] }, RANGES],
  [{ ranges: [null] }, RANGES],
  [{ ranges: [[]] }, RANGES],
  [{ ranges: [{ start_key: 1 }] }, RANGES],
  [{ ranges: [{ end_key: null }] }, RANGES],
  [{ split: 'a', parts: 2 }, RANGES.replace('ranges', 'split')],
  [{ split: {} }, PARTS],
  [{ split: {}, parts: 0 }, PARTS],
  [{ split: {}, parts: 1.5 }, PARTS],
  [{ split: {}, parts: '2' }, PARTS],
  [{ split: {}, parts: 1001 }, PARTS],
  [{ list: 1, limit: 1 }, RANGES.replace('ranges', 'list')],
  [{ list: {} }, '`limit` is a whole number from 1 to 10000'],
  [{ list: {}, limit: 0 }, '`limit` is a whole number from 1 to 10000'],
  [{ list: {}, limit: 10_001 }, '`limit` is a whole number from 1 to 10000'],
] as const

test('digests that are asked for in a wrong way are 400', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  for (const [json, reason] of REFUSED) {
    const { status, body } = await call(url, 'POST', '/db/_digests', { json })
    t.deepEqual([status, body], [400, { error: 'bad_request', reason }], JSON.stringify(json).slice(0, 80))
  }
  for (const parts of ['0', 'x', '-1', '1001', '1.5', '']) {
    const { status, body } = await call(url, 'GET', `/db/_digests?parts=${parts}`)
    t.deepEqual([status, body], [400, { error: 'bad_request', reason: PARTS }], parts)
  }
  t.is((await call(url, 'POST', '/nowhere/_digests', { json: { ranges: [] } })).status, 404)
  t.deepEqual((await call(url, 'POST', '/db/_digests', { json: { ranges: [] } })).body['ranges'], [])
  t.is(
    (await call(url, 'POST', '/db/_digests', { json: { ranges: [{ start_key: 'b', end_key: 'a' }] } }))
      .status,
    200,
  )
})
