import test from 'ava'
import { call } from '../../../helpers/http.ts'
import { withServer } from '../../../helpers/with-server.ts'

interface Listing {
  readonly rows?: readonly { readonly id?: string; readonly key?: string; readonly error?: string }[]
  readonly error?: string
  readonly reason?: string
}

const IDS = ['a', 'b', 'c', 'd', 'e', 'ä', 'ü/x', 'z']

const QUERIES = [
  '',
  'limit=2',
  'limit=0',
  'limit=3&skip=2',
  'skip=100',
  'skip=7',
  'descending=true',
  'descending=true&limit=3&skip=1',
  'startkey="b"',
  'start_key="b"&end_key="d"',
  'startkey="b"&endkey="d"&inclusive_end=false',
  'startkey="d"&endkey="b"&descending=true',
  'startkey="d"&endkey="b"',
  'startkey="bb"&limit=1',
  'startkey="%C3%A4"',
  'key="c"',
  'key="none"',
  'key=["a"]',
  'key=7',
  'startkey=7',
  'startkey={}',
  'endkey=null',
  'startkey_docid=c',
  'keys=["c","none","a"]',
  'keys=["c","none","a"]&limit=1&skip=1',
  'keys=["c","a"]&descending=true',
  'keys=[]',
  'keys=[1]',
  'keys={}',
  'keys=["a"]&key="a"',
  'keys=["a"]&startkey="a"',
  'limit=-1',
  'limit=x',
  'limit=1.5',
  'limit=',
  'skip=-1',
  'skip=x',
  'descending=yes',
  'inclusive_end=1',
  'include_docs=maybe',
  'startkey=b',
  'reduce=true',
  'group=true',
  'update_seq=maybe',
  'conflicts=true',
  'unknown=1',
  'stable=true&update=false',
]

/** Bodies of POST. */
const BODIES = [
  { keys: ['b', 'none'] },
  { limit: 2, skip: 1 },
  { keys: 'b' },
  { limit: 'x' },
  { start_key: 'c' },
]

const idsOf = ({ rows = [] }: Listing): readonly unknown[] =>
  rows.map(({ id, key, error }) => (error === undefined ? id : `${key} ${error}`))

test('the list of conflicts is paged as that of all documents is', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  const docs = IDS.flatMap(_id => ['a', 'b'].map(digit => ({ _id, _rev: `1-${digit.repeat(32)}` })))
  await call(url, 'POST', '/db/_bulk_docs', { json: { new_edits: false, docs } })
  const same = async (what: string, ask: (path: string) => Promise<{ status: number; body: Listing }>) => {
    const [expected, actual] = [await ask('_all_docs'), await ask('_conflicts')]
    t.is(actual.status, expected.status, `${what}: ${JSON.stringify([expected.body, actual.body])}`)
    t.deepEqual(idsOf(actual.body), idsOf(expected.body), what)
    t.deepEqual([actual.body.error, actual.body.reason], [expected.body.error, expected.body.reason], what)
  }
  for (const query of QUERIES) await same(query, path => call<Listing>(url, 'GET', `/db/${path}?${query}`))
  for (const json of BODIES)
    await same(JSON.stringify(json), path => call<Listing>(url, 'POST', `/db/${path}`, { json }))
})
