import test, { type ExecutionContext } from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { startProxy } from '../../helpers/faulty-proxy.ts'
import { startFalsePeer } from '../../helpers/faults/false-peer.ts'
import { call } from '../../helpers/http.ts'
import { addUser, securedServer } from '../../helpers/secured-server.ts'
import { type RunningServer, startServer } from '../../helpers/server.ts'

let near: RunningServer
let far: RunningServer
test.before(async () => {
  ;[near, far] = await Promise.all([startServer(), startServer()])
})
test.after.always(() => Promise.all([near.close(), far.close()]))

interface Line {
  readonly id?: string
  readonly missing_in?: string
  readonly revs?: readonly string[]
  readonly kind?: string
  readonly rev?: string
  readonly name?: string
  readonly winners?: { readonly source: string; readonly target: string }
  readonly progress?: { readonly from?: string; readonly source_documents: number }
  readonly summary?: Readonly<Record<string, number | boolean>>
}

async function compare(t: ExecutionContext, source: string, target: string): Promise<Line[]> {
  const answer = await call<string>(near.url, 'POST', '/_compare', { json: { source, target } })
  t.is(answer.status, 200)
  t.is(answer.headers['content-type'], 'application/x-ndjson')
  // A single line is parsed as JSON already.
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line)
    .filter(line => line.progress === undefined)
}

const rev = (generation: number, n: number): string => `${generation}-${n.toString(16).padStart(32, '0')}`

interface Leaf {
  readonly _id: string
  readonly _rev: string
  readonly _deleted?: boolean
}

async function put(url: string, name: string, docs: readonly Leaf[]): Promise<void> {
  await call(url, 'PUT', `/${name}`)
  await call(url, 'POST', `/${name}/_bulk_docs`, { json: { new_edits: false, docs } })
}

const SHARED = Array.from({ length: 700 }, (_, n): Leaf => ({
  _id: `doc-${n}`,
  _rev: rev(1, n),
  _deleted: n % 7 === 0,
}))

/** Differences of all kinds, on either side, with what is to be found of each document. */
function planted(): { source: Leaf[]; target: Leaf[]; expected: string[] } {
  const sides: { source: Leaf[]; target: Leaf[] } = { source: [], target: [] }
  const expected: string[] = []
  for (let n = 0; n < 1000; n++) {
    const [here, there] = n % 2 === 0 ? (['source', 'target'] as const) : (['target', 'source'] as const)
    const leaf = { _id: `diff-${n}`, _rev: rev(1, n) }
    const found = (...revs: string[]) => expected.push(`${leaf._id} ${there} ${revs.join()}`)
    switch (n % 5) {
      case 0: // missing as a whole
        sides[here].push(leaf)
        found(leaf._rev)
        break
      case 1: // a losing leaf is missing
        sides[there].push({ ...leaf, _rev: rev(5, n) })
        sides[here].push({ ...leaf, _rev: rev(5, n) }, { ...leaf, _rev: rev(2, n) })
        found(rev(2, n))
        break
      case 2: // a tombstone is missing
        sides[here].push({ ...leaf, _deleted: true })
        found(leaf._rev)
        break
      case 3: // another winner
        sides[there].push(leaf)
        sides[here].push(leaf, { ...leaf, _rev: rev(3, n) })
        found(rev(3, n))
        break
      case 4: // a deleted leaf beside a living one is missing
        sides[there].push(leaf)
        sides[here].push(leaf, { ...leaf, _rev: rev(4, n), _deleted: true })
        found(rev(4, n))
    }
  }
  return { ...sides, expected }
}

for (const [name, isRemote] of [
  ['two databases of one server', false],
  ['a database and a server that is spoken to by HTTP', true],
] as const) {
  test(`every one of a thousand differences of all kinds is found between ${name}`, async t => {
    const db = isRemote ? 'remote' : 'local'
    const { source, target, expected } = planted()
    const other = isRemote ? far : near
    await put(near.url, `${db}-a`, [...SHARED, ...source])
    await put(other.url, `${db}-b`, [...SHARED, ...target])
    const targetName = isRemote ? `${far.url}/${db}-b` : `${db}-b`
    const found = await compare(t, `${db}-a`, targetName)
    const { summary } = found.pop()!
    const shown = found.map(({ id, missing_in, revs }) => `${id} ${missing_in} ${revs?.join()}`)
    t.deepEqual(shown.sort(), expected.sort())
    t.like(summary, { equal: false, missing_in_source: 500, missing_in_target: 500 })
  })
}

test('databases that agree after a replication are equal', async t => {
  const { source } = planted()
  await put(near.url, 'equal-a', [...SHARED, ...source])
  const replication = { source: 'equal-a', target: 'equal-b', create_target: true }
  t.is((await call(near.url, 'POST', '/_replicate', { json: replication })).status, 200)
  const lines = await compare(t, 'equal-a', 'equal-b')
  t.is(lines.length, 1)
  t.like(lines[0]?.summary, { equal: true, missing_in_source: 0, missing_in_target: 0 })
})

test('what cannot be compared is refused before the answer begins', async t => {
  const post = (json: object) => call(near.url, 'POST', '/_compare', { json })
  await put(near.url, 'there', [])
  t.is((await post({ source: 'there', target: 'nowhere' })).status, 404)
  t.is((await post({ source: 'there' })).status, 400)
  t.is((await call(near.url.replace(/\/\/[^@]*@/, '//'), 'POST', '/_compare', { json: {} })).status, 401)
})

test('comparisons with a peer that never answers hold up no query, and end with their clients', async t => {
  let asked = 0
  const peer = await startFalsePeer(() => void asked++)
  t.teardown(() => peer.close())
  const limits = ['max_running_scans=1', 'max_running_comparisons=1', 'max_waiting_comparisons=0']
  const secured = await securedServer(t, ...limits.map(limit => `couchette/${limit}`))
  await addUser(secured, 'ann')
  await secured.admin('PUT', '/db')
  await secured.admin('PUT', '/db/_security', { json: {} })
  const body = JSON.stringify({ source: `${peer.url}/db`, target: 'db' })
  const headers = { 'Content-Type': 'application/json', Authorization: `Basic ${btoa('ann:secret')}` }
  const client = new AbortController()
  const begin = () =>
    fetch(`${secured.server.url}/_compare`, { method: 'POST', headers, body, signal: client.signal })
  const hanging = t.throwsAsync(begin(), { any: true })
  await eventually('the peer is asked', () => asked > 0)
  t.is((await secured.admin('POST', '/db/_find', { json: { selector: { a: 1 } } })).status, 200)
  const refused = await begin()
  t.is(refused.status, 503)
  client.abort()
  await hanging
  const self = { json: { source: 'db', target: 'db' } }
  await eventually('the place is free again', async () => {
    return (await secured.admin('POST', '/_compare', self)).status === 200
  })
})

test('a comparison that runs is among the active tasks, without credentials', async t => {
  await put(near.url, 'listed-a', SHARED)
  await put(far.url, 'listed-b', SHARED)
  const stalled = await startProxy(far.url, ({ path }) =>
    path.includes('_digests') ? { kind: 'stall', after: 0 } : undefined,
  )
  t.teardown(() => stalled.close())
  const client = new AbortController()
  const json = { source: 'listed-a', target: `${stalled.url}/listed-b` }
  const asked = call(near.url, 'POST', '/_compare', { json, signal: client.signal })
  const aborted = t.throwsAsync(asked, { any: true })
  const tasks = async () => {
    const { body } = await call<Record<string, unknown>[]>(near.url, 'GET', '/_active_tasks')
    return body.filter(({ target }) => String(target).includes('listed-b'))
  }
  await eventually('the comparison is listed', async () => (await tasks()).length === 1)
  const [task] = await tasks()
  t.like(task, { type: 'comparison', user: 'admin', total_documents: 700, differences: 0, progress: 0 })
  t.false(JSON.stringify(task).includes('pass@'))
  t.true(Number(task?.['started_on']) > 0 && Number(task?.['updated_on']) >= Number(task?.['started_on']))
  client.abort()
  await aborted
  await eventually('it is listed no more', async () => (await tasks()).length === 0)
})

test('a revision that a side lists and cannot give is told as unreadable, on either side', async t => {
  await put(near.url, 'fails-a', SHARED.slice(0, 20))
  await put(far.url, 'fails-b', SHARED.slice(0, 20))
  const failing = await startProxy(far.url, ({ path }) => {
    if (path.includes('_bulk_get')) return { kind: 'answer', status: 400, body: '{}' }
    return path.includes('/doc-7?')
      ? { kind: 'answer', status: 400, body: '{"error":"x","reason":"lost"}' }
      : undefined
  })
  t.teardown(() => failing.close())
  const local = 'fails-a'
  const remote = `${failing.url}/fails-b`
  for (const [source, target, side] of [
    [local, remote, 'target'],
    [remote, local, 'source'],
  ] as const) {
    const answer = await call<string>(near.url, 'POST', '/_compare', {
      json: { source, target, bodies: true },
    })
    const lines = answer.body
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Line & { readonly reason?: string })
      .filter(line => line.progress === undefined)
    t.is(lines.length, 2, answer.body)
    t.like(lines[0], { id: 'doc-7', kind: 'unreadable', rev: rev(1, 7), side })
    t.regex(lines[0]?.reason ?? '', /lost/)
    t.like(lines[1]?.summary, { equal: false, damaged: 1 })
  }
})

test('a user with many comparisons leaves room for those of others', async t => {
  let asked = 0
  const peer = await startFalsePeer(() => void asked++)
  t.teardown(() => peer.close())
  const limits = [
    'max_running_comparisons=2',
    'max_running_comparisons_per_user=1',
    'max_waiting_comparisons=2',
  ]
  const secured = await securedServer(t, ...limits.map(limit => `couchette/${limit}`))
  await addUser(secured, 'ann')
  await secured.admin('PUT', '/db')
  const json = { source: `${peer.url}/db`, target: 'db' }
  const client = new AbortController()
  const hanging = [1, 2, 3].map(() =>
    t.throwsAsync(secured.as('ann:secret')('POST', '/_compare', { json, signal: client.signal }), {
      any: true,
    }),
  )
  await eventually('one is compared, and two wait', async () => {
    const { body } = await secured.admin<{ queues: object }>('GET', '/_node/_local/_health')
    return JSON.stringify(body.queues).includes('"comparisons":{"running":1,"waiting":2}')
  })
  t.is((await secured.as('ann:secret')('POST', '/_compare', { json })).status, 503)
  t.is((await secured.admin('POST', '/_compare', { json: { source: 'db', target: 'db' } })).status, 200)
  const { body } = await secured.admin<string>('GET', '/_node/_local/_prometheus')
  t.regex(body, /couchette_queue_waiting\{.*queue="comparisons".*\} 2/)
  client.abort()
  await Promise.all(hanging)
  t.true(asked >= 1)
})

test('a database that the user may not read cannot be compared', async t => {
  const secured = await securedServer(t)
  await addUser(secured, 'ann')
  for (const db of ['open', 'closed']) await secured.admin('PUT', `/${db}`)
  await secured.admin('PUT', '/open/_security', { json: {} })
  for (const [source, target] of [
    ['open', 'closed'],
    ['closed', 'open'],
    ['closed', 'closed'],
  ] as const) {
    const { status, body } = await secured.as('ann:secret')('POST', '/_compare', { json: { source, target } })
    t.deepEqual([status, body['error']], [403, 'forbidden'], `${source} ${target}`)
  }
  const json = { source: `${secured.server.url}/closed`, target: 'open' }
  t.is((await secured.as('ann:secret')('POST', '/_compare', { json })).status, 401)
})

test('a side that lists documents without an end fills no disk', async t => {
  const listed = (from: number): string =>
    Array.from({ length: 100 }, (_, n) => {
      const id = `endless-${from + n}`
      return `{"seq":"${from + n + 1}-x","id":"${id}","changes":[{"rev":"1-967a00dff5e02add41819138abb3284d"}]},\n`
    }).join('')
  const peer = await startFalsePeer(({ url = '' }, response) => {
    if (!url.includes('/_changes')) return false
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.write('{"results":[\n')
    let count = 0
    const goOn = (): void => {
      if (response.destroyed) return
      response.write(listed(count), () => setImmediate(goOn))
      count += 100
    }
    goOn()
    return true
  })
  t.teardown(() => peer.close())
  const settings = [{ section: 'compare', key: 'max_listing_size', value: '200000' }]
  const server = await startServer({ settings })
  t.teardown(server.close)
  await call(server.url, 'PUT', '/db')
  const json = { source: `${peer.url}/db`, target: 'db' }
  const answer = await call<unknown>(server.url, 'POST', '/_compare', { json })
  t.regex(JSON.stringify(answer.body), /listing_too_large/)
  await eventually('the peer is left', () => peer.connections === 0)
})
