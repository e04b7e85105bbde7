import test from 'ava'
import { addUser, securedServer } from '../../helpers/secured-server.ts'

test('users see shows of their own documents, and run no other function of the users database', async t => {
  const secured = await securedServer(t, 'couchdb/default_security=everyone')
  const { admin, as } = secured
  for (const name of ['ann', 'bob']) await addUser(secured, name)
  const json = {
    views: { v: { map: 'function (doc) { emit(doc._id, doc) }' } },
    lists: { l: 'function () { return "x" }' },
    shows: { name: 'function (doc, req) { return doc === null ? "none" : doc.name }' },
    updates: { u: 'function (doc) { return [null, doc.salt] }' },
  }
  t.is((await admin('PUT', '/_users/_design/d', { json })).status, 201)
  const ann = as<{ reason: string }>('ann:secret')
  const show = '/_users/_design/d/_show/name'
  const shown = (who: typeof ann, path: string) => who('GET', path)
  t.is(JSON.stringify((await shown(ann, `${show}/org.couchdb.user:ann`)).body).includes('ann'), true)
  t.is((await shown(ann, show)).status, 200)
  const hidden = 'Only administrators can view design docs in the users database.'
  for (const who of [ann, as<{ reason: string }>(undefined)]) {
    t.is((await shown(who, `${show}/org.couchdb.user:bob`)).status, 404)
    t.is((await shown(who, `${show}/_design/d`)).status, 403)
    for (const [method, path] of [
      ['GET', '_view/v'],
      ['POST', '_view/v'],
      ['GET', '_list/l/v'],
      ['POST', '_list/l/v'],
      ['POST', '_update/u/org.couchdb.user:bob'],
      ['PUT', '_update/u/org.couchdb.user:bob'],
      ['GET', '_info'],
      ['GET', '_rewrite/x'],
      ['POST', '_rewrite/x'],
    ] as const) {
      const options = method === 'GET' ? {} : { json: {} }
      const { status, body } = await who(method, `/_users/_design/d/${path}`, options)
      t.deepEqual([status, body.reason], [403, hidden], `${method} ${path}`)
    }
  }
  t.is((await admin('GET', '/_users/_design/d/_view/v')).status, 200)
})
