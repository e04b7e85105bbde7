import test from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { securedServer } from '../../helpers/secured-server.ts'

test('a server stops though functions of its design documents never end', async t => {
  const { admin, server } = await securedServer(
    t,
    'couchdb/os_process_timeout=3600000',
    'couchette/function_stop_timeout=100',
  )
  await admin('PUT', '/db')
  await admin('PUT', '/writes')
  const loop = 'function () { for (;;); }'
  const json = { shows: { loop }, views: { v: { map: loop } } }
  t.is((await admin('PUT', '/db/_design/d', { json })).status, 201)
  t.is((await admin('PUT', '/writes/_design/d', { json: { validate_doc_update: loop } })).status, 201)
  t.is((await admin('PUT', '/db/doc', { json: {} })).status, 201)
  let answered = 0
  const asked = [
    ...Array.from({ length: 6 }, () => admin('GET', '/db/_design/d/_show/loop')),
    admin('GET', '/db/_design/d/_view/v'),
    admin('PUT', '/writes/doc', { json: {} }),
    // CoffeeScript that takes its compiler for ever.
    admin('PUT', '/db/_design/c', {
      json: { language: 'coffeescript', views: { v: { map: '('.repeat(1e5) } } },
    }),
  ].map(request => request.catch(() => undefined).finally(() => answered++))
  await eventually('the functions run', async () => {
    const { body } = await admin<{ type: string }[]>('GET', '/_active_tasks')
    return body.some(({ type }) => type === 'indexer')
  })
  t.is(answered, 0)
  await server.close()
  await Promise.all(asked)
  t.pass()
})
