import test from 'ava'
import { securedServer } from '../../helpers/secured-server.ts'

const SHOW = { shows: { s: 'function () { return { body: "x", headers: { Vary: "X-Of-Function" } } }' } }

for (const [cors, expected] of [
  [[], undefined],
  [['chttpd/enable_cors=true', 'cors/origins=https://a.example'], 'Origin'],
  [['chttpd/enable_cors=true', 'cors/origins=*', 'cors/credentials=true'], 'Origin'],
  [['chttpd/enable_cors=true', 'cors/origins=*'], undefined],
] as const) {
  test(`Vary names the origin where answers differ by it: ${cors.join(' ')}`, async t => {
    const { admin } = await securedServer(t, ...cors)
    for (const headers of [{ origin: 'https://a.example' }, { origin: 'https://b.example' }, {}]) {
      t.is((await admin('GET', '/', { headers })).headers['vary'], expected)
    }
    await admin('PUT', '/db')
    await admin('PUT', '/db/_design/d', { json: SHOW })
    const { headers } = await admin('GET', '/db/_design/d/_show/s')
    const varies = [headers['vary']].flat().join(', ')
    t.true(varies.includes('Accept'))
    t.is(varies.includes('Origin'), expected !== undefined)
  })
}
