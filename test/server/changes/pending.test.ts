import test from 'ava'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

interface Changes {
  readonly results: readonly unknown[]
  readonly last_seq: string
  readonly pending: number
}

/** CouchDB counts as pending what it did not look at, whichever way it goes. */
const PENDING = [
  ['limit=0', 0, 0, 3],
  ['limit=1', 1, 1, 2],
  ['limit=9', 3, 3, 0],
  ['descending=true&limit=0', 0, 3, 3],
  ['descending=true&limit=1', 1, 3, 2],
  ['descending=true&limit=9', 3, 1, 0],
] as const

test('what a limited feed did not look at is pending', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  for (const id of ['a', 'b', 'c']) await call(url, 'PUT', `/db/${id}`, { json: {} })
  for (const [query, rows, last, pending] of PENDING) {
    const { body } = await call<Changes>(url, 'GET', `/db/_changes?${query}`)
    t.deepEqual(
      [body.results.length, parseInt(body.last_seq, 10), body.pending],
      [rows, last, pending],
      query,
    )
  }
})
