import test, { type ExecutionContext } from 'ava'
import { call } from '../../helpers/http.ts'
import { type RunningServer, startServer } from '../../helpers/server.ts'

let server: RunningServer
test.before(async () => {
  server = await startServer()
})
test.after.always(() => server.close())

type Members = Readonly<Record<string, unknown>>
interface Answer {
  readonly ok: boolean
  readonly results: readonly Members[]
  readonly after?: string
}

let lsn = 0
const event = (op: string, after: Members | null, table = 't') => ({
  op,
  before: null,
  after,
  source: { connector: 'postgresql', name: 'pg', db: 'd', schema: 's', table, lsn: ++lsn, ts_ms: 1000 + lsn },
})

async function database(t: ExecutionContext, name: string) {
  t.is((await call(server.url, 'PUT', `/${name}`)).status, 201)
  const send = (events: unknown, query = 'id={id}') =>
    call<Answer>(server.url, 'POST', `/${name}/_ingest?${query}`, { json: events })
  const retry = (query: string) => call<Answer>(server.url, 'POST', `/${name}/_ingest/failures?${query}`)
  const failures = async () =>
    (await call<{ rows: readonly Members[] }>(server.url, 'GET', `/${name}/_ingest/failures`)).body.rows
  const get = (id: string) => call<Members>(server.url, 'GET', `/${name}/${id}`)
  return { send, retry, failures, get }
}

test('failed events are tried again, and leave the list for what they became', async t => {
  const { send, retry, failures, get } = await database(t, 'retry')
  await send([
    event('c', { key: 7, n: 1 }),
    event('c', { key: 8, n: 1 }),
    event('c', { n: 1 }),
    { nothing: true },
  ])
  t.is((await failures()).length, 4)
  const [first] = await failures()
  const one = await retry(`id=row:{key}&failure=${String(first!['failure'])}`)
  t.like(one, { status: 200, body: { ok: true } })
  t.like(one.body.results[0], { ok: true, id: 'row:7', outcome: 'stored', failure: first!['failure'] })
  t.like((await get('row:7')).body, { n: 1 })
  const { body } = await retry('id=row:{key}')
  t.false(body.ok)
  t.deepEqual(
    body.results.map(result => result['outcome'] ?? result['error']),
    ['stored', 'missing_key', 'not_an_event'],
  )
  t.deepEqual(
    (await failures()).map(({ error }) => error),
    ['missing_key', 'not_an_event'],
  )
  t.is((await get('row:8')).status, 200)
  t.is((await retry('id=row:{key}&failure=nothing')).status, 404)
  t.is((await retry('')).status, 400)
})

test('many failed events are tried again in pages', async t => {
  const { send, retry, failures } = await database(t, 'pages')
  await send(Array.from({ length: 5 }, (_, n) => event('c', n % 2 === 0 ? { key: n } : { other: n })))
  const first = await retry('id={key}&limit=3')
  t.is(first.body.results.length, 3)
  const second = await retry(`id={key}&limit=3&after=${first.body.after}`)
  t.is(second.body.results.length, 2)
  t.is(second.body.after, undefined)
  t.is((await failures()).length, 2)
})

test('a truncated table is a failure, or deletes what came from it', async t => {
  const { send, failures, get } = await database(t, 'truncate')
  await send([event('c', { id: 1 }), event('c', { id: 2 }), event('d', null), event('c', { id: 3 }, 'other')])
  await call(server.url, 'PUT', '/truncate/own', { json: {} })
  t.like((await send(event('t', null))).body.results[0], { error: 'truncate_refused' })
  t.is((await get('1')).status, 200)
  const { body } = await send(
    [event('c', { id: 4 }), event('t', null), event('c', { id: 2, n: 2 })],
    'id={id}&truncate=delete',
  )
  t.deepEqual(
    body.results.map(({ ok }) => ok),
    [true, true, true],
  )
  t.deepEqual(
    await Promise.all(['1', '2', '3', '4', 'own'].map(async id => (await get(id)).status)),
    [404, 200, 200, 404, 200],
  )
  t.like((await get('2')).body, { n: 2 })
  t.is((await failures()).length, 2)
  t.is((await send(event('t', null), 'id={id}&truncate=all')).status, 400)
})

test('more rows than one commit holds are deleted by a truncation', async t => {
  const { send } = await database(t, 'large')
  await send(Array.from({ length: 2300 }, (_, id) => event('c', { id })))
  await send(event('t', null), 'id={id}&truncate=delete')
  t.like(await call(server.url, 'GET', '/large'), { body: { doc_count: 0, doc_del_count: 2300 } })
})

test('jobs with streams are not verified: the reason says why', async t => {
  const stream = { url: 'nats://127.0.0.1:1', stream: 's', subject: 's' }
  for (const sides of [
    { source: stream, target: `${server.url}/x` },
    { source: `${server.url}/x`, target: stream },
  ]) {
    const { status, body } = await call(server.url, 'POST', '/_replicate', {
      json: { ...sides, continuous: true, verify: { interval: 60 } },
    })
    t.is(status, 400)
    t.regex(JSON.stringify(body), /a stream cannot be compared with a database/)
  }
})

test('a row becomes a design document by the template alone, not by what its columns hold', async t => {
  const { send, retry, failures, get } = await database(t, 'design')
  const planted = event('c', { id: '_design/evil', views: {} })
  t.like((await send([planted])).body.results[0], { error: 'missing_key' })
  t.like((await retry('id={id}')).body.results[0], { error: 'missing_key' })
  t.is((await failures()).length, 1)
  t.is((await get('_design/evil')).status, 404)
  t.like((await send([event('c', { id: 'meant' })], 'id=_design/{id}')).body.results[0], { ok: true })
  t.is((await get('_design/meant')).status, 200)
})

test('large failed events are listed and tried again in parts, and counted without being read', async t => {
  const { send } = await database(t, 'megabytes')
  const text = 'x'.repeat(3 * 1024 * 1024)
  for (let n = 0; n < 5; n++) t.is((await send({ n, nothing: text })).status, 200)
  const list = async (query: string) =>
    (
      await call<{ rows: readonly Members[]; after?: string }>(
        server.url,
        'GET',
        `/megabytes/_ingest/failures?${query}`,
      )
    ).body
  const first = await list('limit=1000')
  t.is(first.rows.length, 3)
  t.is(first.after, first.rows.at(-1)?.['failure'] as string)
  const second = await list(`limit=1000&after=${first.after}`)
  t.is(second.rows.length, 2)
  t.is(second.after, undefined)
  const path = '/megabytes/_ingest/failures?id={id}&limit=1000'
  const tried = await call<Answer>(server.url, 'POST', path)
  t.is(tried.body.results.length, 3)
  const rest = await call<Answer>(server.url, 'POST', `${path}&after=${tried.body.after}`)
  t.is(rest.body.results.length, 2)
  t.is(rest.body.after, undefined)
  const { body } = await call<{ cleared: number }>(server.url, 'DELETE', '/megabytes/_ingest/failures')
  t.is(body.cleared, 5)
})
