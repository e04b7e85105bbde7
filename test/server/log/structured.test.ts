import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { readableLines } from '../../../server/log/log-writer.ts'
import { createServer } from '../../../server/main.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { tempDir } from '../../helpers/temp.ts'

type Line = Readonly<Record<string, unknown>>

/** Starts a server that logs to a file, and returns what reads its lines. */
async function loggedServer(t: ExecutionContext, level: string) {
  const dir = await tempDir()
  const file = join(dir.path, 'couch.log')
  const server = await createServer({
    data: join(dir.path, 'data'),
    port: 0,
    admin: { name: 'a', password: 'b' },
    settings: [
      { section: 'chttpd_auth', key: 'iterations', value: '10' },
      { section: 'chttpd_auth_lockout', key: 'threshold', value: '2' },
      { section: 'log', key: 'writer', value: 'file' },
      { section: 'log', key: 'file', value: file },
      { section: 'log', key: 'level', value: level },
    ],
  })
  t.teardown(async () => {
    await server.close()
    await dir.remove()
  })
  const lines = async (): Promise<Line[]> =>
    (await readFile(file, 'utf8'))
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as Line)
  const find = async (expected: Line): Promise<Line | undefined> =>
    (await lines()).find(line => Object.entries(expected).every(([key, value]) => line[key] === value))
  return { url: server.url.replace('//', '//a:b@'), lines, find }
}

test('lines have a level as a word, an ISO time and a component; requests have their id, probes are at "debug"', async t => {
  const { url, lines, find } = await loggedServer(t, 'info')
  await call(url, 'GET', '/_up')
  await call(url, 'GET', '/_node/_local/_prometheus')
  const { headers } = await call(url, 'PUT', '/db')
  const request = await find({ method: 'PUT', path: '/db' })
  t.like(request, { level: 'info', component: 'http', status: 201, user: 'a' })
  t.is(request?.id, headers['x-couch-request-id'])
  const all = await lines()
  t.true(
    all.every(
      ({ level, time }) => typeof level === 'string' && new Date(String(time)).toISOString() === time,
    ),
  )
  t.true(
    all.every(({ component }) => typeof component === 'string'),
    JSON.stringify(all),
  )
  t.false(all.some(({ path }) => path === '/_up' || path === '/_node/_local/_prometheus'))
})

test('a lockout is another line than a wrong password, and than what is refused while the name is locked', async t => {
  const { url, find, lines } = await loggedServer(t, 'warning')
  const wrong = url.replace('a:b@', 'a:wrong@')
  for (let at = 0; at < 2; at++) t.is((await call(wrong, 'GET', '/')).status, 401)
  t.is((await call(url, 'GET', '/')).status, 403)
  const messages = (await lines()).map(({ msg }) => msg)
  t.deepEqual(messages, [
    'authentication failed',
    'too many wrong passwords: the name is locked',
    'authentication failed',
    'authentication refused: the name is locked',
  ])
  t.like(await find({ msg: messages[1] }), {
    level: 'warn',
    component: 'auth',
    user: 'a',
    failures: 2,
    seconds: 300,
  })
})

test('a changed setting is a line that names who changed it, without secrets; a new level holds for all components', async t => {
  const { url, find } = await loggedServer(t, 'warning')
  const config = '/_node/_local/_config'
  await call(url, 'PUT', '/from')
  t.is(await find({ method: 'PUT', path: '/from' }), undefined)
  await call(url, 'PUT', `${config}/log/level`, { json: 'info' })
  const { headers } = await call(url, 'PUT', `${config}/replicator/max_jobs`, { json: '7' })
  await call(url, 'PUT', `${config}/chttpd_auth/secret`, { json: 'open sesame' })
  t.like(await find({ msg: 'setting changed', key: 'max_jobs' }), {
    level: 'info',
    component: 'config',
    section: 'replicator',
    before: null,
    value: '7',
    user: 'a',
    id: headers['x-couch-request-id'],
  })
  t.like(await find({ msg: 'setting changed', key: 'secret' }), { value: '****', before: '****' })
  const json = { source: `${url}/from`, target: `${url}/to`, create_target: true }
  await call(url, 'POST', '/_replicate', { json })
  t.like(await find({ msg: 'replication started' }), { component: 'replication', crashes: 0 })
  t.truthy(await find({ msg: 'replication completed' }))
})

test('an index build, its failure and a compaction are lines', async t => {
  const { url, find } = await loggedServer(t, 'info')
  await call(url, 'PUT', '/db')
  await call(url, 'PUT', '/db/a', { json: {} })
  await call(url, 'PUT', '/db/_design/d', { json: { views: { v: { map: 'function (doc) { emit(1) }' } } } })
  t.is((await call(url, 'GET', '/db/_design/d/_view/v')).status, 200)
  const built = await find({ msg: 'index built' })
  t.like(built, { component: 'queries', database: 'db', designs: ['_design/d'] })
  await call(url, 'POST', '/db/_compact', { json: {} })
  await eventually(
    'the compaction is logged',
    async () => (await find({ msg: 'compaction ended' })) !== undefined,
  )
  t.like(await find({ msg: 'compaction ended' }), { component: 'compaction', database: 'db' })
})

test('a resolved conflict is a line that names who resolved it', async t => {
  const { url, find } = await loggedServer(t, 'info')
  await call(url, 'PUT', '/db')
  const docs = ['1-aaa', '1-bbb'].map(_rev => ({ _id: 'cart', _rev }))
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs, new_edits: false } })
  const json = { revs: ['1-aaa', '1-bbb'], keep: '1-bbb' }
  t.is((await call(url, 'POST', '/db/_conflicts/cart', { json })).status, 201)
  t.like(await find({ msg: 'conflict resolved' }), {
    level: 'info',
    user: 'a',
    database: 'db',
    document: 'cart',
  })
  t.is(
    (await call<{ value: number }>(url, 'GET', '/_node/_local/_stats/couchette/conflicts/resolutions')).body
      .value,
    1,
  )
})

test('on a terminal a line is text: time, level, component, message and what belongs to it', async t => {
  const shown: string[] = []
  const stream = await readableLines({ write: line => void shown.push(line) }, false)
  const time = '2026-01-02T03:04:05.678Z'
  stream.write(
    JSON.stringify({ level: 'warn', time, component: 'replication', job: 'j', msg: 'replication crashed' }),
  )
  stream.write(
    JSON.stringify({ level: 'info', time, component: 'http', method: 'GET', path: '/db', status: 200 }),
  )
  t.regex(shown[0] ?? '', /^\[\d\d:\d\d:05\.678\] WARN: replication: replication crashed \{"job":"j"\}\n$/)
  t.regex(shown[1] ?? '', /INFO: http: GET \/db 200 /)
})
