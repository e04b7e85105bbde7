import anyTest, { type TestFn } from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { ContinuousFeed } from '../../helpers/feed.ts'
import { call } from '../../helpers/http.ts'
import { type RunningServer, startServer } from '../../helpers/server.ts'
import { KeptConnections } from './kept-connections.ts'
import { startsAgain, type WatchedThreads, watchRequests, watchThreads } from './watched-threads.ts'

/** Fewer than the wrong passwords that lock a name. */
const CONNECTIONS = 4
const THREADS = { section: 'couchette', key: 'threads', value: '2' }
const CHEAP_HASHES = { section: 'chttpd_auth', key: 'iterations', value: '10' }

interface Context {
  readonly server: RunningServer
  /** Requests that reached the store thread, as "GET /db/doc". */
  readonly forwarded: readonly string[]
  readonly threads: WatchedThreads
}

/** One server for all, as starting its threads from source takes long; each test has a database and a user of its own. */
const test = anyTest as TestFn<Context>

let shared: Context | undefined

test.before(async () => {
  const [threads, forwarded] = [watchThreads(), watchRequests()]
  shared = { server: await startServer({ settings: [THREADS, CHEAP_HASHES] }), threads, forwarded }
})

test.after.always(() => shared?.server.couchette.close())

test.beforeEach(t => {
  t.timeout(300_000)
  t.context = shared!
})

/** Connections to both threads, as far as the system spreads them. */
function connections(t: { teardown(close: () => void): void }): KeptConnections {
  const kept = new KeptConnections(CONNECTIONS)
  t.teardown(() => kept.close())
  return kept
}

const as = ({ server }: Context, who: string): string => server.couchette.url.replace('://', `://${who}@`)

/** Makes a database whose document "doc" a new user, with the password "secret", may read. @returns the user's revision */
async function addReader({ server: { url } }: Context, db: string, name: string): Promise<string> {
  await call(url, 'PUT', `/${db}`)
  await call(url, 'PUT', `/${db}/doc`, { json: {} })
  await call(url, 'PUT', `/${db}/_security`, { json: { members: { roles: [name] } } })
  const json = { name, type: 'user', roles: [name], password: 'secret' }
  const { body } = await call<{ rev: string }>(url, 'PUT', `/_users/org.couchdb.user:${name}`, { json })
  return body.rev
}

const statuses = (answers: readonly { readonly status: number }[]): number[] =>
  answers.map(({ status }) => status)
const all = (status: number): number[] => new Array<number>(CONNECTIONS).fill(status)

/** Has both threads know the credentials, so that they are not asked for again. */
async function proven(kept: KeptConnections, url: string, path: string): Promise<number[]> {
  await kept.each(url, 'GET', path)
  return statuses(await kept.each(url, 'GET', path))
}

test.serial('documents, lists and feeds are served without the store thread', async t => {
  const { server, forwarded } = t.context
  const { url } = server
  const kept = connections(t)
  await call(url, 'PUT', '/here')
  await call(url, 'PUT', '/here/doc', { json: {} })
  await proven(kept, url, '/here/doc')
  const before = forwarded.length
  const paths = [
    '/here/doc',
    '/here/doc?revs=true&conflicts=true',
    '/here/missing',
    '/here/_all_docs?include_docs=true',
    '/here/_changes',
    '/here/_changes?since=0&limit=1&include_docs=true',
    '/here/_changes?feed=longpoll&since=0',
    '/here/_changes?feed=continuous&timeout=1',
  ]
  for (const path of paths) await kept.each(url, 'GET', path)
  t.deepEqual(forwarded.slice(before), [])
  // Writes cross as messages.
  for (const { status } of await kept.each(url, 'DELETE', '/here/missing')) t.is(status, 404)
  t.deepEqual(forwarded.slice(before), [])
})

test.serial('a write that was answered is seen over every connection at once', async t => {
  const { url } = t.context.server
  const kept = connections(t)
  await call(url, 'PUT', '/seen')
  let rev = ''
  for (let n = 0; n < 20; n++) {
    const json = { n, ...(rev === '' ? {} : { _rev: rev }) }
    const { body, status } = await call<{ rev: string }>(url, 'PUT', '/seen/doc', { json })
    t.is(status, 201)
    ;({ rev } = body)
    for (const { text } of await kept.each(url, 'GET', '/seen/doc')) {
      t.deepEqual(JSON.parse(text), { _id: 'doc', _rev: rev, n })
    }
    const feeds = await kept.each(url, 'GET', '/seen/_changes')
    t.true(feeds.every(({ text }) => text.includes(rev)))
  }
})

test.serial('what a front thread refuses has the status of a single thread', async t => {
  const { url } = t.context.server
  const kept = connections(t)
  await call(url, 'PUT', '/refused')
  await call(url, 'PUT', '/refused/doc', { json: {} })
  for (const [method, path, status] of [
    ['GET', '/refused/nothing', 404],
    ['GET', '/nowhere/doc', 404],
    ['GET', '/refused/doc?rev=3-a', 404],
    ['GET', '/refused/_changes?since=x', 400],
    ['DELETE', '/refused/doc', 409],
  ] as const) {
    t.deepEqual(await proven(kept, url, '/refused/doc'), all(200))
    t.deepEqual(statuses(await kept.each(url, method, path)), all(status), `${method} ${path}`)
  }
  for (let tries = 0; tries < CONNECTIONS; tries++)
    t.is((await call(url, 'PUT', '/refused/doc', { json: {} })).status, 409)
})

test.serial('documents written together have the revisions and errors of a single thread', async t => {
  const { url } = t.context.server
  await call(url, 'PUT', '/bulk')
  const data = Buffer.from('data').toString('base64')
  const docs = [
    { _id: 'a', x: 1 },
    { _id: 'b', _attachments: { f: { data, content_type: 'text/plain' } } },
    { _id: '_local/c', y: 2 },
  ]
  const write = (docs: readonly object[]) =>
    call<{ id: string; rev?: string; error?: string }[]>(url, 'POST', '/bulk/_bulk_docs', { json: { docs } })
  // A credential's first request is answered by the store thread.
  await write([])
  const { body } = await write(docs)
  t.deepEqual(
    body.map(({ id, rev }) => [id, rev?.split('-')[0]]),
    [
      ['a', '1'],
      ['b', '1'],
      ['_local/c', '0'],
    ],
  )
  t.is(body[0]?.rev, '1-0785e9eb543380151003dc452c3a001a')
  t.is((await call<string>(url, 'GET', '/bulk/b/f')).body, 'data')
  t.is((await write([{ _id: 'a', x: 2 }])).body[0]?.error, 'conflict')
  t.is((await call<{ error: string }>(url, 'PUT', '/bulk/a', { json: { x: 3 } })).body.error, 'conflict')
  t.is((await call(url, 'DELETE', `/bulk/a?rev=${body[0]?.rev}`)).status, 200)
})

test.serial('a new password holds over every connection before its request is answered', async t => {
  const kept = connections(t)
  const rev = await addReader(t.context, 'passwords', 'ann')
  t.deepEqual(await proven(kept, as(t.context, 'ann:secret'), '/passwords/doc'), all(200))
  const json = { _rev: rev, name: 'ann', type: 'user', roles: ['ann'], password: 'other' }
  await call(t.context.server.url, 'PUT', '/_users/org.couchdb.user:ann', { json })
  t.deepEqual(statuses(await kept.each(as(t.context, 'ann:secret'), 'GET', '/passwords/doc')), all(401))
  t.deepEqual(statuses(await kept.each(as(t.context, 'ann:other'), 'GET', '/passwords/doc')), all(200))
})

test.serial('a withdrawn right holds over every connection before its request is answered', async t => {
  const kept = connections(t)
  await addReader(t.context, 'rights', 'ben')
  t.deepEqual(await proven(kept, as(t.context, 'ben:secret'), '/rights/doc'), all(200))
  const json = { members: { roles: ['others'] } }
  await call(t.context.server.url, 'PUT', '/rights/_security', { json })
  t.deepEqual(statuses(await kept.each(as(t.context, 'ben:secret'), 'GET', '/rights/doc')), all(403))
})

test.serial('a name that is locked is locked over every connection', async t => {
  const kept = connections(t)
  await addReader(t.context, 'locks', 'cat')
  t.deepEqual(await proven(kept, as(t.context, 'cat:secret'), '/locks/doc'), all(200))
  // The fifth wrong password locks the name, whichever threads they came to.
  for (let round = 0; round < 2; round++) await kept.each(as(t.context, 'cat:wrong'), 'GET', '/locks/doc')
  t.deepEqual(statuses(await kept.each(as(t.context, 'cat:secret'), 'GET', '/locks/doc')), all(403))
})

test.serial('a setting holds over every connection before its request is answered', async t => {
  const { url, couchette } = t.context.server
  const kept = connections(t)
  await call(url, 'PUT', '/settings')
  await call(url, 'PUT', '/settings/doc', { json: {} })
  await call(url, 'PUT', '/settings/_security', { json: { admins: {}, members: {} } })
  const anonymous = couchette.url
  t.deepEqual(await proven(kept, anonymous, '/settings/doc'), all(200))
  const setting = '/_node/_local/_config/chttpd/require_valid_user'
  await call(url, 'PUT', setting, { json: 'true' })
  t.deepEqual(statuses(await kept.each(anonymous, 'GET', '/settings/doc')), all(401))
  await call(url, 'DELETE', setting)
  t.deepEqual(statuses(await kept.each(anonymous, 'GET', '/settings/doc')), all(200))
})

test.serial('feeds of all threads show a commit, end with a right, and end with the database', async t => {
  const { url } = t.context.server
  await addReader(t.context, 'feeds', 'dan')
  const path = '/feeds/_changes?feed=continuous&heartbeat=60000&since=now'
  const feeds: ContinuousFeed[] = []
  const isReader = (n: number): boolean => n % 2 === 1
  for (let n = 0; n < CONNECTIONS; n++) {
    feeds.push(await ContinuousFeed.open(isReader(n) ? as(t.context, 'dan:secret') : url, path))
  }
  t.teardown(() => feeds.forEach(feed => feed.close()))
  for (let n = 1; n <= 3; n++) {
    await call(url, 'PUT', `/feeds/doc${n}`, { json: {} })
    for (const feed of feeds) t.is((await feed.untilRows(n)).at(-1)?.id, `doc${n}`)
  }
  const counter = '/_node/_local/_stats/couchdb/httpd/clients_requesting_changes'
  t.is((await call<{ value: number }>(url, 'GET', counter)).body.value, CONNECTIONS)
  await call(url, 'PUT', '/feeds/_security', { json: { members: { roles: ['others'] } } })
  await eventually("the reader's feeds end", () => feeds.every((feed, n) => feed.ended === isReader(n)))
  await call(url, 'DELETE', '/feeds')
  await eventually('the others end', () =>
    feeds.every(({ lines }, n) => isReader(n) || lines.at(-1)?.includes('last_seq') === true),
  )
})

test.serial('requests are counted for the whole server', async t => {
  const { url } = t.context.server
  const kept = connections(t)
  await call(url, 'PUT', '/counts')
  const path = '/_node/_local/_stats/couchdb/httpd_request_methods/GET'
  const { body: before } = await call<{ value: number }>(url, 'GET', path)
  for (let round = 0; round < 3; round++) await kept.each(url, 'GET', '/counts/_all_docs')
  const { body: after } = await call<{ value: number }>(url, 'GET', path)
  t.is(after.value - before.value, 3 * CONNECTIONS + 1)
})

test.serial('a thread that ends is started again', async t => {
  const { server, threads } = t.context
  await call(server.url, 'PUT', '/crash')
  await call(server.url, 'GET', '/_node/_local/_stats')
  t.is(threads.seen.size, 2)
  const [first] = threads.seen
  await first?.terminate()
  await startsAgain(server.url, threads, 2)
  t.deepEqual(statuses(await connections(t).each(server.url, 'GET', '/crash/_all_docs')), all(200))
})

test.serial('P6: a thread that does not carry out an order is ended, and the order holds', async t => {
  const { server, threads, forwarded } = t.context
  await addReader(t.context, 'stuck', 'eve')
  const setting = '/_node/_local/_config/couchette/thread_timeout'
  const path = '/stuck/_changes?feed=continuous&heartbeat=60000&since=now'
  // A thread that does not know the user yet forwards the feed.
  let feed: ContinuousFeed
  const count = (): number => forwarded.filter(line => line.endsWith(path)).length
  for (let known = -1; known < count();) {
    known = count()
    feed = await ContinuousFeed.open(as(t.context, 'eve:secret'), path)
    t.teardown(feed.close.bind(feed))
  }
  const before = threads.seen.size
  // Long enough for a thread to start meanwhile on a busy machine.
  await call(server.url, 'PUT', setting, { json: '3000' })
  // To look at the readers of feeds again the thread asks for their users, and hears nothing.
  threads.isMute = true
  const json = { name: 'fay', type: 'user', roles: [], password: 'secret' }
  const fay = '/_users/org.couchdb.user:fay'
  try {
    // Its connection ends where the thread that is ended had taken it.
    const written = await call(server.url, 'PUT', fay, { json }).catch(() => undefined)
    t.true(written === undefined || written.status === 201)
  } finally {
    threads.isMute = false
  }
  await eventually('the feed of the thread ends', () => feed!.ended)
  const isGone = (): Promise<boolean> =>
    call(server.url, 'DELETE', setting).then(
      () => true,
      () => false,
    )
  await eventually('the setting is taken back', isGone)
  t.is((await call(server.url, 'GET', fay)).status, 200)
  await startsAgain(server.url, threads, before)
})

test.serial('a server that is closed ends its feeds, and gives its port back', async t => {
  const { server } = t.context
  await call(server.url, 'PUT', '/closing')
  const feed = await ContinuousFeed.open(server.url, '/closing/_changes?feed=continuous&heartbeat=60000')
  const { port } = server.couchette
  await server.close()
  await eventually('the feed ends', () => feed.ended)
  t.regex(feed.lines.at(-1) ?? '', /last_seq/)
  const again = await startServer({ port })
  t.teardown(() => again.close())
  t.is((await call(again.url, 'GET', '/_up')).status, 200)
})
