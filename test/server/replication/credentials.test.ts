import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { sendJson, startFalsePeer } from '../../helpers/faults/false-peer.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { replicate } from '../../helpers/replication.ts'
import { startServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'
import { runCli } from '../../cli/run-cli.ts'

/** More than `[chttpd_auth_lockout] threshold`. */
const GUESSES = 7

function withLogin(url: string, name: string, password: string): string {
  return url.replace(/\/\/([^@]*@)?/, `//${name}:${password}@`)
}

test("a peer's password is tried on the peer only, however often and at whatever port of this machine", async t => {
  const [far, near] = await Promise.all([
    startServer({ admin: { name: 'admin', password: 'other' } }),
    startServer(),
  ])
  t.teardown(() => Promise.all([far.close(), near.close()]))
  await call(withLogin(far.url, 'admin', 'other'), 'PUT', '/from')
  await call(near.url, 'PUT', '/to')
  for (let n = 0; n < GUESSES; n++) {
    const source = `${withLogin(far.url, 'admin', 'other')}/from`
    t.true((await replicate(near.url, { source, target: 'to', since_seq: n })).ok)
  }
  t.is((await call(near.url, 'GET', '/to')).status, 200)
})

test('P9: a job with a wrong password for this very server locks out the one who made it, and no administrator', async t => {
  const settings = [{ section: 'replicator', key: 'crash_backoff', value: '20' }]
  const { url, close } = await startServer({ settings })
  t.teardown(close)
  for (const name of ['from', 'to']) await call(url, 'PUT', `/${name}`)
  const source = `${withLogin(url, 'admin', 'wrong')}/from`
  await call(url, 'PUT', '/_replicator/job', { json: { source, target: `${url}/to`, owner: 'ann' } })
  const state = async () => (await call(url, 'GET', '/_scheduler/docs/_replicator/job')).body
  await eventually('it has guessed often', async () => Number((await state()).error_count) >= GUESSES)
  // A job that has just been started again has nothing to tell.
  await eventually('it tells why', async () =>
    /replication_auth_error/.test(JSON.stringify((await state()).info)),
  )
  t.is((await call(url, 'GET', '/to')).status, 200)
  const right = { source: `${url}/from`, target: `${url}/to`, owner: 'ann', doc_ids: ['y'] }
  await call(url, 'PUT', '/_replicator/right', { json: right })
  const info = async () =>
    JSON.stringify((await call(url, 'GET', '/_scheduler/docs/_replicator/right')).body.info)
  await eventually('the right password is refused too', async () =>
    /replication_auth_error/.test(await info()),
  )
  const others = { ...right, owner: 'bob', doc_ids: ['x'] }
  await call(url, 'PUT', '/_replicator/bobs', { json: others })
  const bobs = async () => (await call(url, 'GET', '/_replicator/bobs')).body._replication_state
  await eventually("another's job goes on", async () => (await bobs()) === 'completed')
})

// "localhost" may be another server, so such a job logs in over HTTP, from this machine's address.
test('a job with a wrong password for localhost locks out the one who made it, and nobody who logs in from here', async t => {
  const settings = [
    { section: 'replicator', key: 'crash_backoff', value: '20' },
    { section: 'couchette', key: 'trusted_proxies', value: '127.0.0.1' },
  ]
  const { url, close } = await startServer({ settings })
  t.teardown(close)
  for (const name of ['from', 'to']) await call(url, 'PUT', `/${name}`)
  const local = url.replace('127.0.0.1', 'localhost')
  // What a job sends of itself does not choose for whom it counts.
  const headers = { 'X-Forwarded-For': '127.0.0.1', 'X-Couchette-Job': 'forged' }
  const source = { url: `${withLogin(local, 'admin', 'wrong')}/from`, headers }
  await call(url, 'PUT', '/_replicator/job', { json: { source, target: `${url}/to`, owner: 'ann' } })
  const state = async () => (await call(url, 'GET', '/_scheduler/docs/_replicator/job')).body
  await eventually('it has guessed often', async () => Number((await state()).error_count) >= GUESSES)
  const login = { json: { name: 'admin', password: 'pass' } }
  t.is((await call(withLogin(url, 'admin', 'pass'), 'POST', '/_session', login)).status, 200)
  const right = { source: `${local}/from`, target: `${url}/to` }
  await call(url, 'PUT', '/_replicator/anns', { json: { ...right, owner: 'ann' } })
  await call(url, 'PUT', '/_replicator/bobs', { json: { ...right, owner: 'bob', doc_ids: ['x'] } })
  const bobs = async () => (await call(url, 'GET', '/_replicator/bobs')).body._replication_state
  await eventually("another's job goes on", async () => (await bobs()) === 'completed')
  const anns = (await call(url, 'GET', '/_replicator/anns')).body._replication_state
  t.not(anns, 'completed', 'the maker of the wrong one is locked out')
})

test('a header of replications does not take a failed login off the address that it came from', async t => {
  const { url, close } = await startServer()
  t.teardown(close)
  const headers = { 'X-Couchette-Job': 'x' }
  const wrong = url.replace('//admin:pass@', '//')
  for (let n = 0; n < GUESSES; n++)
    await call(wrong, 'POST', '/_session', { json: { name: 'admin', password: `wrong-${n}` }, headers })
  t.is((await call(url, 'GET', '/_all_dbs')).status, 403)
})

test('`_replicate` guesses no better than a login from the same address', async t => {
  const { url, close } = await startServer()
  t.teardown(close)
  await call(url, 'PUT', '/_users/org.couchdb.user:ann', {
    json: { name: 'ann', type: 'user', roles: [], password: 'ann' },
  })
  await call(url, 'PUT', '/from')
  const ann = withLogin(url, 'ann', 'ann')
  const guess = (password: string): Promise<{ error?: string }> =>
    replicate(ann, { source: `${withLogin(url, 'admin', password)}/from`, target: 'nosuch' })
  for (let n = 0; n < GUESSES; n++) t.is((await guess(`wrong-${n}`)).error, 'replication_auth_error')
  t.is((await guess('pass')).error, 'replication_auth_error')
})

const ECHOED: Record<string, object> = {
  'a password': { auth: { basic: { username: 'u', password: 'se"cr/et' } } },
  'a token': { headers: { Authorization: 'Bearer token-secret' } },
  'a header of another name': { headers: { 'X-Api-Key': 'key-secret' } },
  'a cookie': { headers: { Cookie: 'AuthSession=cookie-secret' } },
}

for (const [what, credentials] of Object.entries(ECHOED)) {
  test(`what a peer sends back of the credentials is not shown: ${what}`, async t => {
    const peer = await startFalsePeer((request, response) => {
      if (request.url === '/_session') return sendJson(response, 404, {})
      const login = Buffer.from((request.headers.authorization ?? '').slice(6), 'base64').toString()
      const reason = `you sent ${JSON.stringify(request.headers)} ${login}`
      sendJson(response, 400, { error: reason, reason })
    })
    const { url, close } = await startServer()
    t.teardown(async () => {
      peer.close()
      await close()
    })
    const job = { source: { url: peer.url, ...credentials }, target: `${url}/to`, retries_per_request: 0 }
    await call(url, 'PUT', '/_replicator/job', { json: job })
    const shown = async (): Promise<string> => {
      const paths = ['/_scheduler/jobs', '/_scheduler/docs/_replicator/job', '/_active_tasks']
      const all = await Promise.all(paths.map(path => call(url, 'GET', path)))
      return JSON.stringify([
        ...all.map(({ body }) => body),
        await replicate(url, { ...job, target: `${url}/other` }),
      ])
    }
    await eventually('the refusal is shown', async () => /you sent/.test(await shown()))
    t.notRegex(await shown(), /secret|se.{1,3}cr.{1,3}et|dTpzZ/)
  })
}

test('others see a job without what may be secret in it, and cannot put a branch in its place', async t => {
  const { url, close } = await startServer()
  t.teardown(close)
  for (const name of ['ann', 'bob']) {
    const json = { name, type: 'user', roles: [], password: name }
    await call(url, 'PUT', `/_users/org.couchdb.user:${name}`, { json })
  }
  await call(url, 'PUT', '/_replicator/_security', { json: { members: { names: ['ann', 'bob'] } } })
  const job = {
    source: {
      url: 'http://u:p@secret1@far/db?token=secret2',
      headers: { a: 'secret3' },
      auth: { b: 'secret4', oauth: { token: 'secret9' } },
      bearer: 'secret10',
      password: { of: ['secret11'] },
      Headers: { 'X-Token': 'secret12' },
    },
    target: 'http://u:p/secret5@far/db#secret6',
    source_proxy: 'http://u:p@secret7@proxy:80',
    target_proxy: 'http://u:secret8@proxy:80',
    _replication_state: 'failed',
  }
  const ann = withLogin(url, 'ann', 'ann')
  const bob = withLogin(url, 'bob', 'bob')
  const { status, body } = await call(ann, 'PUT', '/_replicator/job', { json: job })
  t.is(status, 201)
  const paths = ['job', `job?rev=${String(body.rev)}`, 'job?open_revs=all', 'job?revs=true&attachments=true']
  for (const path of paths) {
    t.regex(JSON.stringify((await call(ann, 'GET', `/_replicator/${path}`)).body), /secret1/)
    t.notRegex(JSON.stringify((await call(bob, 'GET', `/_replicator/${path}`)).body), /secret/, path)
  }
  const bulk = { json: { docs: [{ id: 'job' }] } }
  t.notRegex(JSON.stringify((await call(bob, 'POST', '/_replicator/_bulk_get', bulk)).body), /secret/)
  const branch = {
    _id: 'job',
    _revisions: { start: 9, ids: ['f'.repeat(32)] },
    source: 'http://evil/db',
    target: 'http://evil/db',
    _replication_state: 'completed',
  }
  const refused = { error: 'forbidden', reason: "Can't update replication documents from other users." }
  for (const json of [branch, { ...branch, _deleted: true }]) {
    const asked = { json: { new_edits: false, docs: [json] } }
    t.like((await call<object[]>(bob, 'POST', '/_replicator/_bulk_docs', asked)).body[0], refused)
  }
  const { _id, ...single } = branch
  t.like(
    await call(bob, 'PUT', '/_replicator/job?new_edits=false', {
      json: { ...single, _rev: `9-${'f'.repeat(32)}` },
    }),
    { status: 403, body: refused },
  )
  t.like((await call(ann, 'GET', '/_replicator/job?conflicts=true')).body, { owner: 'ann', _rev: body.rev })
  t.is(
    (await call(ann, 'POST', '/_replicator/_bulk_docs', { json: { new_edits: false, docs: [branch] } }))
      .status,
    201,
  )
  t.like((await call(ann, 'GET', '/_replicator/job')).body, { owner: 'ann', source: 'http://evil/db' })
})

test('named credentials: jobs and followers use them at their place alone, and nobody reads them', async t => {
  const data = await tempDir()
  const settings = [{ section: 'replicator', key: 'crash_backoff', value: '50' }]
  const [far, near] = await Promise.all([
    startServer({ admin: { name: 'admin', password: 'opensesame' } }),
    startServer({ settings, data: data.path, memory: false }),
  ])
  t.teardown(async () => {
    await Promise.all([far.close(), near.close()])
    await data.remove()
  })
  const place = far.couchette.url
  const farUrl = withLogin(far.url, 'admin', 'opensesame')
  const { url } = near
  await call(farUrl, 'PUT', '/from')
  await call(farUrl, 'PUT', '/from/a', { json: { n: 1 } })
  const secret = { url: place, username: 'admin', password: 'wrong' }
  t.is((await call(url, 'PUT', '/_credentials/far', { json: secret })).status, 201)
  t.is((await call(url, 'PUT', '/_credentials/-', { json: secret })).status, 400)
  t.is((await call(url, 'DELETE', '/_credentials/constructor')).status, 404)
  for (const bad of [
    { url: place },
    { url: 'x', token: 'y' },
    { ...secret, token: 'y' },
    { ...secret, other: 1 },
  ])
    t.is((await call(url, 'PUT', '/_credentials/bad', { json: bad })).status, 400)

  const source = { url: `${place}/from`, credentials: 'far' }
  await call(url, 'PUT', '/_replicator/job', { json: { source, target: `${url}/to`, create_target: true } })
  const failure = async () =>
    JSON.stringify((await call(url, 'GET', '/_scheduler/docs/_replicator/job')).body.info)
  await eventually('the wrong password is refused', async () =>
    /unauthorized|auth_error/.test(await failure()),
  )
  const right = { ...secret, password: 'opensesame' }
  t.is((await call(url, 'PUT', '/_credentials/far', { json: right })).status, 200)
  await eventually('the job goes on with the new one', async () => {
    return (await call(url, 'GET', '/to/a')).status === 200
  })
  t.is((await call(url, 'PUT', '/copy/_follower', { json: { source } })).status, 201)
  await eventually('the follower has it', async () => (await call(url, 'GET', '/copy/a')).status === 200)
  t.true((await replicate(url, { source, target: 'again', create_target: true })).ok)

  const elsewhere = { url: `${near.couchette.url}/to`, credentials: 'far' }
  const refused = await call(url, 'POST', '/_replicate', { json: { source: elsewhere, target: 'again' } })
  t.is(refused.status, 403)
  t.regex(String(refused.body.reason), /credentials `far` are for http.*, not for /)
  const unknown = { source: { ...source, credentials: 'none' }, target: 'again' }
  t.is(
    (await call(url, 'POST', '/_replicate', { json: unknown })).body.reason,
    'there are no credentials `none`',
  )
  const both = { source: { ...source, auth: { basic: { username: 'a', password: 'b' } } }, target: 'again' }
  t.is((await call(url, 'POST', '/_replicate', { json: both })).status, 400)

  const user = { _id: 'org.couchdb.user:joe', name: 'joe', password: 'joe', roles: [], type: 'user' }
  await call(url, 'PUT', '/_users/org.couchdb.user:joe', { json: user })
  await call(url, 'PUT', '/_replicator/_security', { json: { members: { names: ['joe'] } } })
  const joe = withLogin(url, 'joe', 'joe')
  t.is((await call(joe, 'PUT', '/_replicator/joes', { json: { source, target: `${url}/to` } })).status, 403)
  t.is((await call(joe, 'POST', '/_replicate', { json: { source, target: `${url}/to` } })).status, 401)
  t.is((await call(joe, 'GET', '/_credentials')).status, 401)

  const shown = await runCli(['credentials', '--json', '--url', url])
  t.is(shown.code, 0, shown.err)
  const [row] = JSON.parse(shown.out) as Record<string, unknown>[]
  t.like(row, { name: 'far', url: place, kind: 'basic' })
  const answers = await Promise.all(
    [
      '/_credentials/far',
      '/_replicator/_all_docs?include_docs=true',
      '/_replicator/_local_docs?include_docs=true',
    ].map(path => call(url, 'GET', path)),
  )
  t.notRegex(JSON.stringify(answers.map(({ body }) => body)), /opensesame/)
  await near.couchette.close()
  for (const [name, text] of await filesOf(data.path)) t.false(text.includes('opensesame'), name)
  t.is((await stat(join(data.path, 'credentials.key'))).mode & 0o77, 0)
})

test('the command line stores credentials that it reads from standard input', async t => {
  const { url, close } = await startServer()
  t.teardown(close)
  const set = ['credentials', 'set', 'prod', 'https://db.example.org/', '--secret-stdin', '--url', url]
  t.is((await runCli(set, { input: 'a-token\n' })).code, 0)
  t.regex((await runCli(['credentials', '--url', url])).out, /prod +token +https:\/\/db\.example\.org /)
  t.is((await runCli(['credentials', 'remove', 'prod', '--url', url])).code, 0)
  t.is((await call(url, 'GET', '/_credentials/prod')).status, 404)
})

async function filesOf(directory: string): Promise<[string, Buffer][]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  return Promise.all(files.map(async file => [file, await readFile(file)]))
}
