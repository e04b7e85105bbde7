import test from 'ava'
import { call } from '../../../helpers/http.ts'
import { withServer } from '../../../helpers/with-server.ts'

const ADMIN_KEY = '/_node/_local/_config/admins/evil'

async function makeRewrites(url: string, rewrites: unknown): Promise<void> {
  await call(url, 'PUT', '/db')
  await call(url, 'PUT', '/db/_design/r', { json: { rewrites } })
}

// CouchDB: chttpd_rewrite:do_rewrite/2
test(
  'a rewrite function gives the request another method, body and query, or leaves them',
  withServer,
  async (t, { url }) => {
    await makeRewrites(
      url,
      `function (req) {
    if (req.path[4] === 'made') return { path: '../../made', method: 'PUT', body: '{"by":"function"}', headers: { 'X-A': '1' } }
    if (req.path[4] === 'doc') return '../../made?revs=true#x'
    return { path: '../../_bulk_docs', query: {} }
  }`,
    )
    t.is((await call(url, 'POST', '/db/_design/r/_rewrite/made')).status, 201)
    t.is((await call(url, 'GET', '/db/made')).body['by'], 'function')
    const json = { docs: [{ _id: 'posted' }] }
    t.is((await call(url, 'POST', '/db/_design/r/_rewrite/x', { json })).status, 201)
    t.is((await call(url, 'GET', '/db/posted')).status, 200)
    t.truthy((await call(url, 'GET', '/db/_design/r/_rewrite/doc')).body['_revisions'])
  },
)

// A design document's author could have a visiting administrator write the configuration.
test('a rewrite does not make a writing request of a reading one', withServer, async (t, { url }) => {
  await makeRewrites(url, `function (req) { return { path: '../../made', method: req.query.m, body: '{}' } }`)
  for (const own of ['GET', 'HEAD']) {
    for (const method of ['PUT', 'post', 'DELETE', 'COPY']) {
      t.is((await call(url, own, `/db/_design/r/_rewrite/x?m=${method}`)).status, 403, `${own} ${method}`)
    }
  }
  t.is((await call(url, 'GET', '/db/made')).status, 404)
  t.is((await call(url, 'POST', '/db/_design/r/_rewrite/x?m=PUT')).status, 201)
  // An answer to GET has a body, whatever the function says.
  t.is((await call(url, 'GET', '/db/_design/r/_rewrite/x?m=HEAD')).body['_id'], 'made')
})

const waysOut = [
  '../../../_node/_local/_config',
  '/../../../_node/_local/_config',
  './../.././../_node/_local/_config',
  '%2e%2e/%2E%2E/.%2e/_node/_local/_config',
  '..%2f..%2f..%2f_node/_local/_config',
  '..%252f..%252f..%252f_node/_local/_config',
  '%252e%252e/%252e%252e/%252e%252e/_node/_local/_config',
  '..\\..\\..\\_node/_local/_config',
  '..%5c..%5c..%5c_node/_local/_config',
  '..%255c../../../_node/_local/_config',
  '../../../db2/doc',
  '../../../..//_all_dbs',
]

for (const path of waysOut) {
  test(
    `neither a function nor a rule leads out of its database by ${path}`,
    withServer,
    async (t, { url }) => {
      await call(url, 'PUT', '/db2')
      await call(url, 'PUT', '/db2/doc', { json: {} })
      const insecure = { error: 'insecure_rewrite_rule', reason: 'too many ../.. segments' }
      await makeRewrites(url, `function () { return { path: ${JSON.stringify(path)} } }`)
      const byFunction = await call(url, 'GET', '/db/_design/r/_rewrite/x')
      t.deepEqual([byFunction.status, byFunction.body], [500, insecure])
      await call(url, 'PUT', '/db/_design/rules', { json: { rewrites: [{ from: '/x', to: path }] } })
      const byRule = await call<Record<string, unknown>>(url, 'GET', '/db/_design/rules/_rewrite/x')
      t.true([404, 500].includes(byRule.status), JSON.stringify(byRule.body))
      t.true(['insecure_rewrite_rule', 'not_found'].includes(String(byRule.body['error'])))
    },
  )
}

test(
  'what a client puts in for a variable or a star does not lead out either',
  withServer,
  async (t, { url }) => {
    const rules = [
      { from: '/doc/:id/:next', to: '../../:id/:next' },
      { from: '/up/*', to: '../../*' },
    ]
    await makeRewrites(url, rules)
    const paths = ['up/..%2f_all_dbs', 'up/%252e%252e/_all_dbs', 'doc/..%5c/x']
    for (const path of paths) {
      const { status, body } = await call(url, 'GET', `/db/_design/r/_rewrite/${path}`)
      t.deepEqual([status, body['error']], [500, 'insecure_rewrite_rule'], path)
    }
  },
)

test('rewrites lead out of the database where that is allowed', withServer, async (t, { url }) => {
  const rewrites = [
    { from: 'all', to: '../../_all_docs' },
    { from: 'uuids', to: '../../../_uuids' },
  ]
  await makeRewrites(url, rewrites)
  const refused = await call(url, 'GET', '/db/_design/r/_rewrite/all')
  t.is(refused.status, 500)
  t.deepEqual(refused.body, { error: 'insecure_rewrite_rule', reason: 'too many ../.. segments' })
  await call(url, 'PUT', '/_node/_local/_config/httpd/secure_rewrites', { raw: '"false"' })
  t.truthy((await call(url, 'GET', '/db/_design/r/_rewrite/uuids')).body['uuids'])
  await call(url, 'PUT', '/db/_design/f', { json: { rewrites: `function () { return '../../../_uuids' }` } })
  t.truthy((await call(url, 'GET', '/db/_design/f/_rewrite/x')).body['uuids'])
})

test(
  'a rewrite function does not set the user, nor how the request is framed',
  withServer,
  async (t, { url }) => {
    const headers = {
      'X-Auth-CouchDB-UserName': 'evil',
      'X-Auth-CouchDB-Roles': '_admin',
      Authorization: 'Basic ZXZpbDpldmls',
      Cookie: 'AuthSession=evil',
      Host: 'evil.example',
      'Content-Length': '5000',
      'Transfer-Encoding': 'chunked',
      'X-HTTP-Method-Override': 'DELETE',
      'X-Forwarded-For': '127.0.0.9',
      'X-Mine': 'kept',
    }
    const rewrites = `function () { return { path: '_show/headers', method: 'POST', body: '{}', headers: ${JSON.stringify(headers)} } }`
    const shows = { headers: 'function (doc, req) { return { json: req.headers } }' }
    await call(url, 'PUT', '/db')
    await call(url, 'PUT', '/db/_design/r', { json: { rewrites, shows } })
    const { status, body } = await call<Record<string, string>>(url, 'POST', '/db/_design/r/_rewrite/x')
    t.is(status, 200)
    t.is(body['X-Mine'], 'kept')
    t.is(body['Content-Length'], '2')
    const text = JSON.stringify(body)
    for (const value of ['evil', '_admin', 'DELETE', '127.0.0.9', 'chunked'])
      t.false(text.includes(value), value)
  },
)

test('a rewrite function does not write the configuration', withServer, async (t, { url }) => {
  await makeRewrites(
    url,
    `function () { return { path: '../../..${ADMIN_KEY}', method: 'PUT', body: '"x"' } }`,
  )
  for (const method of ['GET', 'POST']) {
    t.true((await call(url, method, '/db/_design/r/_rewrite/x')).status >= 400)
  }
  t.is((await call(url, 'GET', ADMIN_KEY)).status, 404)
})

// CouchDB: couch_query_servers:rewrite/3
test('answers of rewrite functions are checked', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  const answers: [source: string, status: number, reason: string][] = [
    ['return null', 404, 'Invalid path.'],
    ['return {}', 500, 'Rewrite result must produce a new path.'],
    ['return [1]', 500, 'bad rewrite'],
    ['return { path: 1 }', 500, 'bad path'],
    ['return { path: "", method: 1 }', 500, 'bad method'],
    ['return { path: "", headers: [] }', 500, 'bad headers'],
    ['return { path: "", query: { a: 1 } }', 500, 'object key/value must be strings <<"a">>=1'],
    ['return { code: 101 }', 500, 'bad code'],
    ['return { code: 600 }', 500, 'bad code'],
    ['throw { forbidden: "no" }', 403, 'no'],
    ['throw { unauthorized: "log in" }', 401, 'log in'],
  ]
  for (const [at, [source, status, reason]] of answers.entries()) {
    await call(url, 'PUT', `/db/_design/r${at}`, { json: { rewrites: `function () { ${source} }` } })
    const answer = await call(url, 'GET', `/db/_design/r${at}/_rewrite/x`)
    t.deepEqual([answer.status, answer.body['reason']], [status, reason], source)
  }
  const own = 'function () { return { code: 202, headers: { "X-Mine": "yes" }, body: "own" } }'
  await call(url, 'PUT', '/db/_design/own', { json: { rewrites: own } })
  const answer = await call<unknown>(url, 'GET', '/db/_design/own/_rewrite/x')
  t.deepEqual([answer.status, answer.headers['x-mine'], answer.body], [202, 'yes', 'own'])
})

const growing = {
  'a rule that repeats its path and leads to itself': [{ from: '*', to: '_rewrite/*/*' }],
  'a rule that repeats a variable': [{ from: '/:a', to: `../../${':a/'.repeat(200_000)}` }],
  'a rule that repeats a parameter': [{ from: '/:a', to: '../..', query: { key: Array(50_000).fill(':a') } }],
  'a function with a long path': "function () { return '../../' + 'x'.repeat(100000) }",
  'a function with a long query':
    "function () { return { path: '../..', query: { a: 'x'.repeat(100000) } } }",
}

for (const [what, rewrites] of Object.entries(growing)) {
  test(`${what} is refused before it fills memory`, withServer, async (t, { url }) => {
    await makeRewrites(url, rewrites)
    const { status, body } = await call(url, 'GET', `/db/_design/r/_rewrite/${'a'.repeat(1000)}`)
    t.deepEqual([status, body], [500, { error: 'rewrite_error', reason: 'path and query are too long' }])
  })
}
