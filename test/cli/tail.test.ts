import test from 'ava'
import { call } from '../helpers/http.ts'
import { honest, startProxy } from '../helpers/faulty-proxy.ts'
import { withServer } from '../helpers/with-server.ts'
import { runCli } from './run-cli.ts'

test(
  'tail shows rows as they come, with documents whose numbers are as they were written',
  withServer,
  async (t, { url }) => {
    await call(url, 'PUT', '/orders')
    await call(url, 'PUT', '/orders/a', { raw: '{"n":1.0,"big":12345678901234567890}' })
    const env = { COUCHETTE_URL: url }
    const all = await runCli(['tail', 'orders', '--since', '0', '--limit', '1', '--include-docs'], { env })
    t.is(all.code, 0)
    t.regex(
      all.out,
      /^\d\d:\d\d:\d\d {2}1-\S{10} {2}a {2}1-[0-9a-f]{32}\n {2}\{"_id":"a",.*"n":1\.0,"big":12345678901234567890\}\n$/,
    )
    const raw = await runCli(['tail', `${url}/orders`, '--since', '0', '--limit', '1', '--json'])
    t.is((JSON.parse(raw.out) as { id: string }).id, 'a')
    const coloured = await runCli(['tail', 'orders', '--since', '0', '--limit', '1', '--include-docs'], {
      env,
      columns: 80,
    })
    t.true(coloured.out.includes('\u001B[33m12345678901234567890\u001B[0m'))
    const stop = new AbortController()
    const live = runCli(['tail', 'orders', '--selector', '{"type":"x"}', '--since', '0'], {
      env,
      signal: stop.signal,
      onOutput: out => / wanted /.test(out) && stop.abort(new Error('interrupted')),
    })
    await call(url, 'PUT', '/orders/other', { json: {} })
    await call(url, 'PUT', '/orders/wanted', { json: { type: 'x' } })
    const { code, out } = await live
    t.is(code, 0)
    t.is(out.trim().split('\n').length, 1)
  },
)

test(
  'a feed that is cut is resumed where it stood; one that cannot begin is an error',
  withServer,
  async (t, { url, couchette }) => {
    await call(url, 'PUT', '/orders')
    await call(url, 'PUT', '/orders/a', { json: {} })
    const proxy = await startProxy(url)
    t.teardown(() => proxy.close())
    let cuts = 0
    proxy.script = ({ path }) =>
      /_changes/.test(path) && cuts++ === 0 ? { kind: 'cut answer', after: 700 } : undefined
    const stop = new AbortController()
    const running = runCli(['tail', `${proxy.url}/orders`, '--since', '0', '--json', '--limit', '40'], {
      signal: stop.signal,
    })
    for (let at = 0; at < 39; at++) await call(url, 'PUT', `/orders/doc-${at}`, { json: {} })
    const { code, out } = await running
    t.is(code, 0)
    t.true(cuts >= 2)
    const ids = out
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as { id: string }).id)
    t.deepEqual(ids, ['a', ...Array.from({ length: 39 }, (_, at) => `doc-${at}`)])
    proxy.script = honest
    t.is((await runCli(['tail', `${url}/none`])).code, 5)
    const anonymous = await runCli(['tail', `${couchette.url}/orders`])
    t.is(anonymous.code, 4)
    t.regex(anonymous.err, /wants a name and password/)
    const gone = proxy.url
    await proxy.close()
    t.is((await runCli(['tail', `${gone}/orders`])).code, 3)
  },
)

test('top shows rates, the event loop, and the largest databases', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/orders')
  await call(url, 'PUT', '/orders/a', { json: { text: 'x'.repeat(50_000) } })
  const env = { COUCHETTE_URL: url }
  const once = await runCli(['top', '--once', '--databases', '1'], { env })
  t.is(once.code, 0)
  t.regex(once.out, /^server +http:\S+\nup for +\d.*\nrequests +[\d.,]+\/s, median [\d.]+ ms\n/)
  t.regex(once.out, /\nevent loop +[\d.]+ ms late/)
  t.regex(once.out, /\nDATABASE +DOCUMENTS +DELETED +ON DISK +DATA\norders +1 +0 +\d/)
  const json = JSON.parse((await runCli(['top', '--json'], { env })).out) as {
    memory_bytes: number
    databases: object[]
  }
  t.true(json.memory_bytes > 1e6)
  t.true(json.databases.length >= 1)
  const stop = new AbortController()
  const watched = await runCli(['top', '--watch', '0.1'], {
    env,
    columns: 90,
    signal: stop.signal,
    onOutput: out => out.split('Ctrl-C ends').length > 2 && stop.abort(new Error('interrupted')),
  })
  t.is(watched.code, 0)
})
