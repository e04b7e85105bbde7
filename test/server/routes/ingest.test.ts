import test, { type ExecutionContext } from 'ava'
import { call } from '../../helpers/http.ts'
import { type RunningServer, startServer } from '../../helpers/server.ts'

let server: RunningServer
test.before(async () => {
  server = await startServer()
})
test.after.always(() => server.close())

interface Row {
  readonly ok?: boolean
  readonly id?: string
  readonly rev?: string
  readonly outcome?: string
  readonly skipped?: string
  readonly error?: string
  readonly reason?: string
  readonly failure?: string
  readonly then?: Row
}

interface Ingested {
  readonly ok: boolean
  readonly checkpoint?: string
  readonly results: readonly Row[]
}

type Document = Record<string, unknown>

let lsn = 0
const sourceOf = (name: string) => ({
  connector: 'postgresql',
  name,
  db: 'shop',
  schema: 'public',
  table: 'c',
  snapshot: 'false',
  lsn: ++lsn,
})
const event = (op: string, after: object | null, before: object | null = null, name = 'pg') => ({
  op,
  before,
  after,
  source: sourceOf(name),
})

async function database(t: ExecutionContext, name: string, query = 'id=c:{id}') {
  t.is((await call(server.url, 'PUT', `/${name}`)).status, 201)
  const post = async (json: unknown, more = '') =>
    (await call<Ingested>(server.url, 'POST', `/${name}/_ingest?${query}${more}`, { json })).body
  const one = async (json: unknown): Promise<Row> => (await post(json)).results[0]!
  const get = async (id: string, options = '') =>
    (await call<Document>(server.url, 'GET', `/${name}/${id}${options}`)).body
  return { path: `/${name}`, post, one, get }
}

test('an event becomes a document, and the answer has its token', async t => {
  const { post, get } = await database(t, 'one')
  const answer = await post(event('c', { id: 1, n: 'Anne', _x: 2 }), '&checkpoint=0/1A2B')
  t.like(answer, { ok: true, checkpoint: '0/1A2B' })
  const [{ rev, ...row } = {}] = answer.results
  t.deepEqual(row, { ok: true, id: 'c:1', outcome: 'stored' })
  t.deepEqual(await get('c:1'), { _id: 'c:1', _rev: rev, id: 1, n: 'Anne', $_x: 2 })
})

test('the revision of a row is the one that an edit by hand has', async t => {
  const { path, one } = await database(t, 'revisions')
  const { rev } = await one(event('c', { id: 1, n: 1 }))
  const { body } = await call(server.url, 'PUT', `${path}/by-hand`, { json: { id: 1, n: 1 } })
  t.is(rev, body['rev'] as string)
})

test('many events: versions of a row follow one another, a deletion, a new id, and what is passed over', async t => {
  const { post, get } = await database(t, 'many')
  const { results } = await post([
    event('c', { id: 1, n: 1 }),
    event('u', { id: 1, n: 2 }, { id: 1, n: 1 }),
    event('r', { id: 2, n: 1 }),
    { key: { id: 2 }, value: event('d', null, null) },
    { key: { id: 2 }, value: null },
    { status: 'BEGIN', id: '1' },
    event('u', { id: 3, n: 3 }, { id: 1, n: 2 }),
  ])
  t.deepEqual(
    results.map(({ id, outcome, skipped, rev }) => [id ?? skipped, outcome, rev?.slice(0, 2)]),
    [
      ['c:1', 'stored', '1-'],
      ['c:1', 'stored', '2-'],
      ['c:2', 'stored', '1-'],
      ['c:2', 'stored', '2-'],
      ['tombstone', undefined, undefined],
      ['transaction', undefined, undefined],
      ['c:1', 'stored', '3-'],
    ],
  )
  t.like(results[6]!.then, { id: 'c:3', outcome: 'stored' })
  t.like(await get('c:1'), { error: 'not_found', reason: 'deleted' })
  t.like(await get('c:2'), { reason: 'deleted' })
  t.like(await get('c:3'), { n: 3 })
})

test('an edit made here meanwhile stays as a conflict, and the source goes on from its own version', async t => {
  const { path, one, get } = await database(t, 'meanwhile')
  const { rev: first } = await one(event('c', { id: 1, n: 1 }))
  await call(server.url, 'PUT', `${path}/c:1?rev=${first}`, { json: { id: 1, n: 'here' } })
  const { rev: second } = await one(event('u', { id: 1, n: 2 }))
  t.is(second?.slice(0, 2), '2-')
  const { rev: third } = await one(event('u', { id: 1, n: 3 }))
  const document = await get('c:1', '?conflicts=true&revs=true')
  t.is(document['_rev'], third)
  t.is((document['_conflicts'] as string[]).length, 1)
  const { ids } = document['_revisions'] as { ids: string[] }
  t.deepEqual(
    ids,
    [third, second, first].map(rev => rev!.slice(2)),
  )
})

test('two sources of one document: each has its own line of versions', async t => {
  const { one, get } = await database(t, 'sources')
  await one(event('c', { id: 1, n: 1 }, null, 'a'))
  t.is((await one(event('c', { id: 1, n: 1 }, null, 'b'))).outcome, 'unchanged')
  await one(event('u', { id: 1, n: 2 }, null, 'a'))
  await one(event('u', { id: 1, n: 3 }, null, 'b'))
  const document = await get('c:1', '?conflicts=true')
  t.is((document['_conflicts'] as string[]).length, 1)
})

test('events that come again make no revisions', async t => {
  const { post, path } = await database(t, 'again')
  const events = [event('c', { id: 1, n: 1 }), event('u', { id: 1, n: 2 }), event('u', { id: 1, n: 1 })]
  await post(events)
  const before = await call(server.url, 'GET', path)
  const { results } = await post(events)
  t.deepEqual(
    results.map(({ outcome }) => outcome),
    ['duplicate', 'duplicate', 'duplicate'],
  )
  const snapshot = { ...event('r', { id: 1, n: 1 }), source: { ...sourceOf('pg'), snapshot: 'true', lsn: 1 } }
  t.is((await post(snapshot)).results[0]?.outcome, 'unchanged')
  const after = await call(server.url, 'GET', path)
  t.is(after.body['update_seq'], before.body['update_seq'])
})

test('columns that were not logged keep what the row had, also beside an edit made here', async t => {
  const { path, one, get } = await database(t, 'toast')
  const { rev } = await one(event('c', { id: 1, n: 1, big: 9 }))
  await call(server.url, 'PUT', `${path}/c:1?rev=${rev}`, { json: { id: 1, n: 1, big: 'edited' } })
  await one(event('u', { id: 1, n: 2, big: '__debezium_unavailable_value' }))
  const { rev: last } = await one(event('u', { id: 1, n: 3, big: '__debezium_unavailable_value' }))
  t.like(await get('c:1', `?rev=${last}`), { n: 3, big: 9 })
  const { error, reason } = await one(event('u', { id: 2, big: '__debezium_unavailable_value' }))
  t.deepEqual([error, reason], ['unknown_value', 'the value of big was not logged, and it is not known here'])
})

test('P7: failed events are listed with what they were, the others are stored, and the list is cleared', async t => {
  const { post, get, path } = await database(t, 'failed')
  await call(server.url, 'PUT', `${path}/_design/rules`, {
    json: { validate_doc_update: 'function (doc) { if (doc.n === 13) throw { forbidden: "unlucky" } }' },
  })
  await call(server.url, 'PUT', `${path}/c:99`, { json: { mine: true } })
  const answer = await post([
    event('c', { id: 1, n: 1 }),
    { topic: 'shop.c', offset: '41', key: { x: 1 }, value: event('c', { n: 1 }) },
    event('c', { id: 3, n: 13 }),
    event('t', null),
    event('d', null, { id: 99 }),
    event('c', { id: '_local/x' }),
    { a: 1 },
    event('c', { id: 7, n: 7 }),
  ])
  t.false(answer.ok)
  t.deepEqual(
    answer.results.map(({ outcome, error }) => outcome ?? error),
    [
      'stored',
      'missing_key',
      'forbidden',
      'truncate_refused',
      'unknown_row',
      'stored',
      'not_an_event',
      'stored',
    ],
  )
  t.like(await get('c:7'), { n: 7 })
  t.like(await get('c:99'), { mine: true })
  const list = async (query = '') =>
    (await call<{ rows: Document[] }>(server.url, 'GET', `${path}/_ingest/failures${query}`)).body.rows
  const listed = await list()
  t.deepEqual(
    listed.map(({ failure }) => String(failure)),
    answer.results.flatMap(({ failure }) => failure ?? []).toSorted(),
  )
  const withPlace = listed.find(({ topic }) => topic === 'shop.c')!
  t.like(withPlace, {
    offset: '41',
    error: 'missing_key',
    key: { x: 1 },
    value: { op: 'c', after: { n: 1 } },
  })
  t.is((await list('?limit=2')).length, 2)
  t.is((await list(`?limit=10&after=${String(listed[1]!['failure'])}`)).length, listed.length - 2)
  const clear = (query: string) => call(server.url, 'DELETE', `${path}/_ingest/failures${query}`)
  t.is((await clear(`?failure=${String(withPlace['failure'])}`)).body['cleared'], 1)
  t.is((await clear(`?failure=none`)).status, 404)
  t.is((await clear('')).body['cleared'], listed.length - 1)
  t.deepEqual(await list(), [])
})

test('numbers keep their digits, and hints of types stand in for a schema', async t => {
  const { path } = await database(t, 'digits', '')
  const raw = `{"op":"c","source":{"connector":"mysql","name":"m"},"after":{"id":9007199254740993,"born":19844,"price":"BNI="}}`
  const query = 'id={id}&type.born=io.debezium.time.Date&type.price=org.apache.kafka.connect.data.Decimal(2)'
  const headers = { 'content-type': 'application/cloudevents+json' }
  await call(server.url, 'POST', `${path}/_ingest?${query}`, { raw, headers })
  const text = await (
    await fetch(new URL(`${path}/9007199254740993`, server.couchette.url), {
      headers: {
        authorization: `Basic ${btoa(new URL(server.url).username + ':' + new URL(server.url).password)}`,
      },
    })
  ).text()
  t.regex(text, /"id":9007199254740993,"born":"2024-05-01","price":"12.34"\}\n$/)
})

test('requests that are no events are refused whole', async t => {
  const { path } = await database(t, 'requests')
  const status = async (query: string, options: object, at = path) => {
    const { status, body } = await call(server.url, 'POST', `${at}/_ingest${query}`, options)
    return [status, body['error']]
  }
  t.deepEqual(await status('?id={id}', { raw: '[{"op":', headers: { 'content-type': 'application/json' } }), [
    400,
    'bad_request',
  ])
  t.deepEqual(await status('', { json: [] }), [400, 'query_parse_error'])
  t.deepEqual(await status('?id=x', { json: [] }), [400, 'query_parse_error'])
  t.deepEqual(await status('?id={id}&type.a=!', { json: [] }), [400, 'query_parse_error'])
  t.deepEqual(await status('?id={id}', { raw: '{}', headers: { 'content-type': 'text/plain' } }), [
    415,
    'bad_content_type',
  ])
  t.deepEqual(await status('?id={id}', { json: [] }, '/_users'), [400, 'bad_request'])
  t.is((await call(server.url, 'GET', `${path}/_ingest/failures?limit=1001`)).status, 400)
})

test('a database keeps as many failed events as its setting says; the sender has to wait', async t => {
  const small = await startServer({
    settings: [
      { section: 'couchette', key: 'max_failed_events', value: '2' },
      { section: 'couchette', key: 'max_query_values', value: '50' },
    ],
  })
  try {
    await call(small.url, 'PUT', '/full')
    const post = (json: unknown) => call(small.url, 'POST', '/full/_ingest?id={id}', { json })
    t.is((await post([{ a: 1 }, { a: 2 }])).status, 200)
    t.like(await post([event('c', { id: 5 }), { a: 3 }]), {
      status: 507,
      body: { error: 'too_many_failed_events' },
    })
    t.is((await call(small.url, 'GET', '/full/5')).status, 200)
    await call(small.url, 'DELETE', '/full/_ingest/failures')
    t.is((await post([{ a: 3 }])).status, 200)
    t.is((await post(Array(100).fill({}))).status, 413, 'events are counted before any is read')
  } finally {
    await small.close()
  }
})

test('versions that come at the same time by several requests follow one another', async t => {
  const { one, get } = await database(t, 'together')
  const events = Array.from({ length: 20 }, (_, n) => event('u', { id: 1, n }))
  await Promise.all(events.map(one))
  const document = await get('c:1', '?conflicts=true')
  t.is(document['_conflicts'], undefined)
})
