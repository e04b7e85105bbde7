import test from 'ava'
import { call } from '../../../helpers/http.ts'
import { type RunningServer, startServer } from '../../../helpers/server.ts'

interface Page {
  readonly total_rows: number
  readonly rows: readonly {
    readonly id: string
    readonly winner: string
    readonly conflicts: readonly string[]
    readonly since: string
    readonly docs?: readonly Record<string, unknown>[]
    readonly key?: string
    readonly error?: string
  }[]
}

let server: RunningServer
test.before(async () => {
  server = await startServer()
})
test.after.always(() => server.close())

const hash = (digit: string): string => digit.repeat(32)
const rev = (generation: number, digit: string): string => `${generation}-${hash(digit)}`

/** A database with a conflict of two leaves, named 1-bbb… and 1-aaa…, in each of some documents. */
async function withConflicts(name: string, ids: readonly string[]): Promise<string> {
  const path = `/${name}`
  await call(server.url, 'PUT', path)
  const docs = ids.flatMap(_id => [
    { _id, _rev: rev(1, 'b'), side: 'b' },
    { _id, _rev: rev(1, 'a'), side: 'a' },
  ])
  await call(server.url, 'POST', `${path}/_bulk_docs`, {
    json: { new_edits: false, docs: [...docs, { _id: 'calm', _rev: rev(1, 'c') }] },
  })
  return path
}

const list = async (path: string, query = ''): Promise<Page> =>
  (await call<Page>(server.url, 'GET', `${path}/_conflicts${query}`)).body

const idsOf = ({ rows }: Page): string[] => rows.map(({ id }) => id)

test('documents in conflict are listed with winner, other leaves and the time, and counted in the info', async t => {
  const path = await withConflicts('listed', ['x', 'ünïcode "q"', '_design/d'])
  const page = await list(path)
  t.is(page.total_rows, 3)
  t.deepEqual(idsOf(page), ['_design/d', 'x', 'ünïcode "q"'])
  for (const { winner, conflicts, since } of page.rows) {
    t.is(winner, rev(1, 'b'))
    t.deepEqual(conflicts, [rev(1, 'a')])
    t.true(Math.abs(Date.parse(since) - Date.now()) < 3_600_000)
  }
  t.like((await call(server.url, 'GET', path)).body, { sizes: { conflicts: 3 } })
  const text = (await call<string>(server.url, 'GET', '/_node/_local/_prometheus')).body
  t.regex(text, /^couchdb_conflicts\{db="listed"\} 3$/m)
  t.regex(text, /^couchdb_conflicts_oldest_age_seconds\{db="listed"\} [\d.]+$/m)
})

test('the list is paged as _all_docs is', async t => {
  const path = await withConflicts('paged', ['a', 'b', 'c', 'd'])
  t.deepEqual(idsOf(await list(path, '?limit=2')), ['a', 'b'])
  t.deepEqual(idsOf(await list(path, '?startkey="b"&limit=2&skip=1')), ['c', 'd'])
  t.deepEqual(idsOf(await list(path, '?endkey="c"&inclusive_end=false')), ['a', 'b'])
  t.deepEqual(idsOf(await list(path, '?descending=true&startkey="c"')), ['c', 'b', 'a'])
  t.deepEqual(idsOf(await list(path, '?key="c"')), ['c'])
  t.deepEqual(idsOf(await list(path, '?limit=0')), [])
  t.deepEqual(idsOf(await list(path, '?skip=9')), [])
  const keyed = (
    await call<Page>(server.url, 'POST', `${path}/_conflicts`, { json: { keys: ['d', 'calm'] } })
  ).body
  t.like(keyed.rows, { 0: { id: 'd' }, 1: { key: 'calm', error: 'not_found' }, length: 2 })
  t.is((await call(server.url, 'GET', `${path}/_conflicts?limit=x`)).status, 400)
})

test('include_docs gives all leaves that are not deleted, the winner first', async t => {
  const path = await withConflicts('leaves', ['x'])
  await call(server.url, 'POST', `${path}/_bulk_docs`, {
    json: { new_edits: false, docs: [{ _id: 'x', _rev: rev(5, 'd'), _deleted: true }] },
  })
  const { rows } = await list(path, '?include_docs=true')
  t.deepEqual(rows[0]?.docs, [
    { _id: 'x', _rev: rev(1, 'b'), side: 'b' },
    { _id: 'x', _rev: rev(1, 'a'), side: 'a' },
  ])
})

test('a conflict keeps its time while leaves come and go, and leaves the list with its last', async t => {
  const path = await withConflicts('changing', ['x'])
  const before = (await list(path)).rows[0]
  await call(server.url, 'POST', `${path}/_bulk_docs`, {
    json: { new_edits: false, docs: [{ _id: 'x', _rev: rev(2, 'e') }] },
  })
  const [during] = (await list(path)).rows
  t.is(during?.since, before?.since)
  t.deepEqual([during?.winner, during?.conflicts], [rev(2, 'e'), [rev(1, 'b'), rev(1, 'a')]])
  for (const one of [rev(1, 'b'), rev(1, 'a')]) {
    await call(server.url, 'DELETE', `${path}/x?rev=${one}`)
  }
  t.deepEqual(await list(path), { total_rows: 0, rows: [] })
})

test('by hand: one revision is kept, the named ones get tombstones, and no other is touched', async t => {
  const path = await withConflicts('kept', ['x'])
  await call(server.url, 'POST', `${path}/_bulk_docs`, {
    json: { new_edits: false, docs: [{ _id: 'x', _rev: rev(1, 'e'), side: 'unnamed' }] },
  })
  const answer = await call(server.url, 'POST', `${path}/_conflicts/x`, {
    json: { keep: rev(1, 'a'), revs: [rev(1, 'b')] },
  })
  t.is(answer.status, 201)
  t.deepEqual(answer.body, { ok: true, id: 'x', rev: rev(1, 'a'), conflicts: [rev(1, 'e')] })
  const [row] = (await list(path)).rows
  t.deepEqual([row?.winner, row?.conflicts], [rev(1, 'e'), [rev(1, 'a')]])
})

test('by hand: a merged body becomes a child of the winner, in one commit, with attachments of any leaf', async t => {
  const path = await withConflicts('merged', [])
  const attached = (side: string) => ({
    _id: 'x',
    _rev: rev(1, side),
    _attachments: {
      [`${side}.txt`]: { content_type: 'text/plain', data: Buffer.from(side).toString('base64') },
    },
  })
  await call(server.url, 'POST', `${path}/_bulk_docs`, {
    json: { new_edits: false, docs: [attached('a'), attached('b')] },
  })
  const before = (await call(server.url, 'GET', path)).body
  const stubs = { 'a.txt': { stub: true }, 'b.txt': { stub: true } }
  const answer = await call(server.url, 'POST', `${path}/_conflicts/x`, {
    raw: `{"revs":["${rev(1, 'b')}","${rev(1, 'a')}"],"body":{"n":12345678901234567890,"_attachments":${JSON.stringify(stubs)}}}`,
    headers: { 'content-type': 'application/json' },
  })
  t.is(answer.status, 201)
  t.deepEqual(answer.body['conflicts'], [])
  const leaf = await call<string>(server.url, 'GET', `${path}/x`)
  t.is(leaf.body['_rev' as never], answer.body['rev'] as never)
  t.true(String(answer.body['rev']).startsWith('2-'))
  t.is((await call<string>(server.url, 'GET', `${path}/x/a.txt`)).body, 'a')
  t.is((await call<string>(server.url, 'GET', `${path}/x/b.txt`)).body, 'b')
  t.is((await list(path)).total_rows, 0)
  const steps = Number(String((await call(server.url, 'GET', path)).body['update_seq']).split('-')[0])
  t.is(steps, Number(String(before['update_seq']).split('-')[0]) + 1)
})

test('by hand: nothing is done where a named revision is no leaf any more, or a validator refuses', async t => {
  const path = await withConflicts('refused', ['x'])
  await call(server.url, 'PUT', `${path}/_design/v`, {
    json: { validate_doc_update: 'function (d) { if (d.bad) throw { forbidden: "no" } }' },
  })
  const resolve = (json: unknown) => call(server.url, 'POST', `${path}/_conflicts/x`, { json })
  const both = [rev(1, 'a'), rev(1, 'b')]
  t.is((await resolve({ revs: [rev(1, 'a'), rev(9, 'a')], body: {} })).status, 409)
  t.is((await resolve({ revs: [rev(1, 'a')], keep: rev(9, 'a') })).status, 409)
  t.like(await resolve({ revs: both, body: { bad: true } }), { status: 403, body: { reason: 'no' } })
  t.is((await resolve({ body: {} })).status, 400)
  t.is((await resolve({ revs: both })).status, 400)
  t.is((await resolve({ revs: 1, body: {} })).status, 400)
  t.is((await resolve({ revs: ['x'], body: {} })).status, 400)
  t.is((await resolve({ revs: both, body: { _unknown: 1 } })).status, 400)
  t.is((await resolve([])).status, 400)
  t.is((await resolve({ revs: [rev(1, 'a')], keep: rev(1, 'a') })).status, 400)
  t.is(
    (await call(server.url, 'POST', `${path}/_conflicts/none`, { json: { revs: both, body: {} } })).status,
    404,
  )
  t.is((await list(path)).rows[0]?.conflicts.length, 1)
  t.is((await resolve({ revs: both, body: { _deleted: true } })).status, 201)
  t.is((await call(server.url, 'GET', `${path}/x`)).status, 404)
})

test('the largest revision trees are listed, the largest first', async t => {
  const path = await withConflicts('trees', ['x'])
  const ids = Array.from({ length: 90 }, (_, n) => n.toString(16).padStart(32, '0'))
  await call(server.url, 'POST', `${path}/_bulk_docs`, {
    json: { new_edits: false, docs: [{ _id: 'long', _revisions: { start: 90, ids } }] },
  })
  const { body } = await call(server.url, 'GET', `${path}/_trees?limit=2`)
  t.like(body['rows'], {
    0: { id: 'long', revisions: 90, leaves: 1, conflicts: 0 },
    1: { id: 'x', revisions: 2, leaves: 2, conflicts: 1 },
    length: 2,
  })
  t.is((await call(server.url, 'GET', `${path}/_trees?limit=1000000`)).status, 400)
})

test('members see conflicts and resolve them; others do not, and trees are for administrators', async t => {
  const path = await withConflicts('guarded', ['x'])
  await call(server.url, 'PUT', '/_users')
  for (const name of ['ann', 'bob']) {
    const user = { name, password: 'pw', roles: [], type: 'user' }
    await call(server.url, 'PUT', `/_users/org.couchdb.user:${name}`, { json: user })
  }
  await call(server.url, 'PUT', `${path}/_security`, {
    json: { admins: { names: [], roles: [] }, members: { names: ['ann'], roles: [] } },
  })
  const as = (name: string) => server.url.replace(/\/\/[^@]*@/, `//${name}:pw@`)
  const resolution = { json: { keep: rev(1, 'a'), revs: [rev(1, 'b')] } }
  t.is((await call(as('bob'), 'GET', `${path}/_conflicts`)).status, 403)
  t.is((await call(as('bob'), 'POST', `${path}/_conflicts/x`, resolution)).status, 403)
  t.is((await call(as('ann'), 'GET', `${path}/_trees`)).status, 401)
  t.is((await call(as('ann'), 'GET', `${path}/_conflicts`)).status, 200)
  t.is((await call(as('ann'), 'POST', `${path}/_conflicts/x`, resolution)).status, 201)
  t.is((await call(as('ann'), 'GET', '/_users/_conflicts')).status, 401)
})
