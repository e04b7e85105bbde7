import test from 'ava'
import { eventually } from '../helpers/eventually.ts'
import { agree } from '../helpers/faults/contents.ts'
import { startProxy } from '../helpers/faulty-proxy.ts'
import type { Script } from '../helpers/faulty-proxy.ts'
import { call } from '../helpers/http.ts'
import { converged, fill, replicate } from '../helpers/replication.ts'
import { startServer } from '../helpers/server.ts'
import type { RunningServer } from '../helpers/server.ts'

let far: RunningServer
let near: RunningServer

test.before(async () => {
  ;[far, near] = await Promise.all([startServer(), startServer()])
})

test.after.always(() => Promise.all([far.close(), near.close()]))

const noBulkGet: Script = ({ path }) =>
  path.includes('/_bulk_get') ? { kind: 'answer', status: 404 } : undefined

const OLD: Record<string, Script> = {
  'gives one document at a time': noBulkGet,
  'answers an odd status to _bulk_get': ({ path }) =>
    path.includes('/_bulk_get') ? { kind: 'answer', status: 418 } : undefined,
  'knows no multipart': ({ path }) => (path.includes('open_revs') ? { kind: 'json only' } : undefined),
  'knows neither': request =>
    request.path.includes('open_revs') ? { kind: 'json only' } : noBulkGet(request),
}

for (const [what, script] of Object.entries(OLD)) {
  test(`a source that ${what} gives all leaves, with their attachments`, async t => {
    const name = what.replaceAll(/[ _]/g, '-')
    await fill(far.url, name, 60)
    const text = Buffer.from('compressible '.repeat(500)).toString('base64')
    const conflicts = ['1-a', '1-b'].map(_rev => ({
      _id: 'both-attached',
      _rev,
      _attachments: { [`${_rev}.txt`]: { content_type: 'text/plain', data: text } },
    }))
    await call(far.url, 'POST', `/${name}/_bulk_docs`, { json: { new_edits: false, docs: conflicts } })
    const proxy = await startProxy(far.url, script)
    t.teardown(() => proxy.close())
    const job = { source: `${proxy.url}/${name}`, target: `${near.url}/${name}`, create_target: true }
    const answer = await replicate(near.url, { ...job, http_connections: 1 })
    t.true(answer.ok, answer.reason)
    t.is(answer.history?.[0]?.doc_write_failures, 0)
    await agree(t, far.url, near.url, name)
    t.true(proxy.faults > 0)
  })
}

test('a source that fails at its first _bulk_get is soon asked again', async t => {
  const name = 'failing'
  await fill(far.url, name, 20)
  let failed = 0
  const proxy = await startProxy(far.url, ({ path }) =>
    path.includes('_bulk_get') && failed++ === 0 ? { kind: 'answer', status: 500 } : undefined,
  )
  t.teardown(() => proxy.close())
  const job = { source: `${proxy.url}/${name}`, target: name, create_target: true, continuous: true }
  t.like(await replicate(near.url, job), { ok: true })
  let written = 0
  await eventually('it is asked for many documents at a time', async () => {
    await call(far.url, 'PUT', `/${name}/later-${written++}`, { json: {} })
    return failed > 1
  })
  await converged(far.url, near.url, name)
  await agree(t, far.url, near.url, name)
  await replicate(near.url, { ...job, cancel: true })
})

test('a document whose attachment the target will never take is passed over', async t => {
  const name = 'prohibited'
  await fill(far.url, name, 5)
  const reason = "Attachment name '_foo' starts with prohibited character '_'"
  const proxy = await startProxy(near.url, ({ method, path }) =>
    method === 'PUT' && path.includes('/attached-1')
      ? { kind: 'answer', status: 400, body: JSON.stringify({ error: 'bad_request', reason }) }
      : undefined,
  )
  t.teardown(() => proxy.close())
  const job = { source: name, target: `${proxy.url}/${name}`, create_target: true }
  const answer = await replicate(far.url, job)
  t.true(answer.ok, answer.reason)
  t.is(answer.history?.[0]?.doc_write_failures, 1)
  t.is((await call(near.url, 'GET', `/${name}/attached-2`)).status, 200)
})
