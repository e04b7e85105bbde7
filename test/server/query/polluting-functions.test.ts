import test from 'ava'
import { securedServer } from '../../helpers/secured-server.ts'

/** Changes that functions make to JavaScript's own objects before others of their design document run in the same engine. */
const POLLUTIONS: Readonly<Record<string, string>> = {
  'toJSON of objects': 'Object.prototype.toJSON = function () { return 1 };',
  'toJSON of arrays': 'Array.prototype.toJSON = function () { return [] };',
  iterators: 'Array.prototype[Symbol.iterator] = function* () {};',
  'map of arrays': 'Array.prototype.map = function () { return {} };',
  'join and push of arrays': 'Array.prototype.join = Array.prototype.push = function () { return 7 };',
}

test('P4: validation refuses what it refuses, whatever its design document did', async t => {
  const { admin } = await securedServer(t)
  for (const [index, [what, code]] of Object.entries(POLLUTIONS).entries()) {
    const db = `/db${index}`
    await admin('PUT', db)
    const validate = `function (doc) { ${code} if (doc.bad) throw ({ forbidden: 'no' }) }`
    t.is((await admin('PUT', `${db}/_design/d`, { json: { validate_doc_update: validate } })).status, 201)
    for (let n = 0; n < 2; n++) {
      t.is((await admin('PUT', `${db}/good${n}`, { json: {} })).status, 201, what)
      // What it throws is written by its own `toJSON`.
      t.true((await admin('PUT', `${db}/bad${n}`, { json: { bad: true } })).status >= 403, what)
      const docs = [{ _id: `b${n}`, bad: true }, { _id: `g${n}` }]
      const { body } = await admin<{ error?: string }[]>('POST', `${db}/_bulk_docs`, { json: { docs } })
      t.deepEqual(
        body.map(({ error }) => error === undefined),
        [false, true],
        what,
      )
    }
  }
})

test("what a function did to JavaScript's objects breaks no answer but those of its design document", async t => {
  const { admin } = await securedServer(t)
  await admin('PUT', '/db')
  for (const id of ['a', 'b']) await admin('PUT', `/db/${id}`, { json: {} })
  for (const [index, [what, code]] of Object.entries(POLLUTIONS).entries()) {
    const id = `/db/_design/d${index}`
    const json = {
      shows: { change: `function () { ${code} return 'x' }`, s: `function () { return { body: 'x' } }` },
      updates: { u: `function () { return [null, 'ok'] }` },
      filters: { f: 'function (doc) { return doc._id === "a" }' },
      lists: { l: 'function () { var row; while ((row = getRow())) send(row.id); return "end" }' },
      views: {
        m: {
          map: 'function (doc) { emit(doc._id, 1) }',
          reduce: `function (k, v) { ${code} return v.length }`,
        },
      },
      rewrites: `function () { return '_show/s' }`,
    }
    t.is((await admin('PUT', id, { json })).status, 201)
    for (let n = 0; n < 4; n++) await admin('GET', `${id}/_show/change`)
    for (const [method, path] of [
      ['GET', '_show/s'],
      ['POST', '_update/u'],
      ['GET', '_list/l/m?reduce=false'],
      ['GET', '_view/m'],
      ['GET', '_view/m?group=true'],
      ['GET', '_rewrite/x'],
    ] as const) {
      const options = method === 'POST' ? { json: {} } : {}
      const { status, body } = await admin(method, `${id}/${path}`, options)
      t.not(body['error'], 'internal_server_error', `${what}: ${path}: ${status} ${JSON.stringify(body)}`)
    }
    const filtered = await admin<{ results: { id: string }[] }>('GET', `/db/_changes?filter=d${index}/f`)
    t.deepEqual(
      filtered.body.results.map(row => row.id),
      ['a'],
      what,
    )
  }
})

test('an answer that is nested too deeply is the fault of its function, and not of the request', async t => {
  const { admin } = await securedServer(t)
  await admin('PUT', '/db')
  await admin('PUT', '/db/doc', { json: {} })
  const deep = 'var a = []; for (var i = 0; i < 3000; i++) a = [a];'
  const json = {
    shows: {
      json: `function () { ${deep} return { json: a } }`,
      headers: `function () { ${deep} return { headers: { x: a } } }`,
      error: `function () { ${deep} throw ['error', 'forbidden', a] }`,
    },
    updates: { u: `function () { ${deep} return [null, { json: a }] }` },
    lists: { l: `function () { ${deep} start({ headers: { x: a } }); send('x') }` },
    rewrites: `function () { ${deep} return { path: 'x', query: { a: a } } }`,
    views: {
      v: { map: 'function (doc) { emit(1, 1) }' },
      r: { map: 'function (doc) { emit(1, 1) }', reduce: `function () { ${deep} return a }` },
    },
  }
  t.is((await admin('PUT', '/db/_design/d', { json })).status, 201)
  for (const [method, path] of [
    ['GET', '/db/_design/d/_show/json'],
    ['GET', '/db/_design/d/_show/headers'],
    ['GET', '/db/_design/d/_show/error'],
    ['POST', '/db/_design/d/_update/u'],
    ['GET', '/db/_design/d/_list/l/v'],
    ['GET', '/db/_design/d/_rewrite/x'],
    ['GET', '/db/_design/d/_view/r'],
  ] as const) {
    const options = method === 'POST' ? { json: {} } : {}
    const { status, body } = await admin(method, path, options)
    t.deepEqual([status, body['error']], [500, 'InternalError'], path)
    t.regex(String(body['reason']), /levels deep/, path)
  }
  // A map function that gives such a row goes without it, as with other documents that cannot be mapped.
  const views = { m: { map: `function (doc) { ${deep} emit(doc._id, doc._id === 'doc' ? a : 1) }` } }
  t.is((await admin('PUT', '/db/_design/m', { json: { views } })).status, 201)
  await admin('PUT', '/db/other', { json: {} })
  const { status, body } = await admin<{ rows: { id: string }[] }>('GET', '/db/_design/m/_view/m')
  t.is(status, 200)
  t.deepEqual(
    body.rows.map(({ id }) => id),
    ['other'],
  )
})
