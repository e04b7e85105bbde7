import test from 'ava'
import { call } from '../helpers/http.ts'
import { eventually } from '../helpers/eventually.ts'
import { withServer } from '../helpers/with-server.ts'
import { runCli } from './run-cli.ts'

interface Shown {
  readonly doc: string | null
  readonly id: string
  readonly state: string
  readonly refused: number
  readonly error: string | null
}

async function listed(env: Record<string, string>, ...args: string[]): Promise<Shown[]> {
  return JSON.parse((await runCli(['jobs', '--json', ...args], { env })).out) as Shown[]
}

test('jobs of documents and of _replicate are listed, shown, stopped', withServer, async (t, { url }) => {
  const env = { COUCHETTE_URL: url }
  t.is((await runCli(['jobs'], { env })).out, 'There are no jobs.\n')
  await call(url, 'PUT', '/a')
  await call(url, 'PUT', '/a/x', { json: {} })
  const source = `${url}/a`
  await call(url, 'PUT', '/_replicator/live', {
    json: { source, target: `${url}/b`, create_target: true, continuous: true },
  })
  await call(url, 'PUT', '/_replicator/broken', { json: { source, target: 'http://127.0.0.1:9/x' } })
  await call(url, 'POST', '/_replicate', {
    json: { source: 'a', target: `${url}/c`, create_target: true, continuous: true },
  })
  await eventually('all jobs run or have crashed', async () => {
    const states = (await listed(env)).map(({ state }) => state)
    return states.filter(state => state === 'running').length === 2 && states.includes('crashing')
  })
  const table = await runCli(['jobs'], { env })
  t.is(table.code, 0)
  t.regex(
    table.out,
    /^3 jobs: 1 crashing, 2 running\nJOB +STATE +LAG +PENDING +RATE +REFUSED +SOURCE +TARGET +ERROR\nbroken +crashing /,
  )
  t.regex(table.out, /connection_refused: nothing listens/)
  t.notRegex(table.out, /pass/)
  t.deepEqual(
    (await listed(env, '--state', 'crashing')).map(({ doc }) => doc),
    ['broken'],
  )
  const shown = await runCli(['jobs', 'show', 'live'], { env })
  t.regex(shown.out, /^job +live\nid +[0-9a-f]{32}\+continuous\+create_target\nstate +running\n/)
  t.regex(shown.out, /history\n {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}started\n/)
  t.deepEqual(await runCli(['jobs', 'show', 'none'], { env }), {
    code: 5,
    out: '',
    err: `couchette: ${url.replace('admin:pass@', '')} has no job none.\n`,
  })
  const posted = (await listed(env)).find(({ doc }) => doc === null)
  t.is((await runCli(['jobs', 'stop', posted?.id.slice(0, 10) ?? ''], { env })).code, 0)
  t.is((await runCli(['jobs', 'stop', 'broken'], { env })).out, 'The job broken is stopped.\n')
  t.is((await call(url, 'GET', '/_replicator/broken')).status, 404)
  t.deepEqual(
    (await listed(env)).map(({ doc }) => doc),
    ['live'],
  )
})

test(
  'a failed job is tried again, and refused documents are offered again',
  withServer,
  async (t, { url }) => {
    const env = { COUCHETTE_URL: url }
    for (const name of ['a', 'b']) await call(url, 'PUT', `/${name}`)
    await call(url, 'PUT', '/a/bad', { json: { refused: true } })
    await call(url, 'PUT', '/b/_design/guard', {
      json: { validate_doc_update: `function (doc) { if (doc.refused) throw { forbidden: 'not here' } }` },
    })
    const members = { source: `${url}/a`, target: `${url}/b` }
    // The guard holds for users, not for administrators.
    await call(url, 'PUT', '/_users/org.couchdb.user:joe', {
      json: { name: 'joe', password: 'pw', roles: [], type: 'user' },
    })
    await call(url, 'PUT', '/b/_security', { json: { members: { names: ['joe'] } } })
    await call(url, 'PUT', '/_replicator/job', {
      json: { ...members, target: `${url.replace('admin:pass', 'joe:pw')}/b` },
    })
    const state = async (): Promise<Shown | undefined> => (await listed(env)).find(({ doc }) => doc === 'job')
    await eventually('it is completed', async () => (await state())?.state === 'completed')
    const failures = await runCli(['jobs', 'failures', 'job'], { env })
    t.regex(
      failures.out,
      /^DOCUMENT +REVISION +STATUS +TRIES +LAST +REASON\nbad +1-[0-9a-f]{32} +403 +1 +.* forbidden: not here\n$/,
    )
    const { body } = await call<{ _rev: string }>(url, 'GET', '/b/_design/guard')
    await call(url, 'DELETE', `/b/_design/guard?rev=${body._rev}`)
    const offered = await runCli(['jobs', 'failures', 'job', '--retry'], { env })
    t.is(offered.out, '1 document written, 0 refused again.\n')
    t.is((await call(url, 'GET', '/b/bad')).status, 200)
    await call(url, 'PUT', '/a/more', { json: {} })
    t.is((await runCli(['jobs', 'retry', 'job'], { env })).out, 'The job job starts again.\n')
    await eventually('it is completed again', async () => (await call(url, 'GET', '/b/more')).status === 200)
  },
)

test(
  '--watch looks again until Ctrl-C: blocks in a pipe, lines of JSON with --json',
  withServer,
  async (t, { url }) => {
    const env = { COUCHETTE_URL: url }
    for (const flags of [[], ['--json']]) {
      const stop = new AbortController()
      const seen = flags.length === 0 ? /(There are no jobs\.\n[^]*){2}/ : /^\[\]\n\[\]\n/
      const { code } = await runCli(['jobs', '--watch', '0.1', ...flags], {
        env,
        signal: stop.signal,
        onOutput: out => seen.test(out) && stop.abort(new Error('interrupted')),
      })
      t.is(code, 0)
    }
    t.is((await runCli(['jobs', '--watch', 'x'], { env })).code, 2)
  },
)
