import test from 'ava'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

const DESIGN = '/db/_design/d'

const forbidden = {
  'Content-Security-Policy': "default-src 'unsafe-inline' *",
  'X-Content-Type-Options': 'sniff',
  'Set-Cookie': 'AuthSession=evil',
  'Content-Length': '3',
  'Transfer-Encoding': 'chunked',
  Connection: 'upgrade',
  Upgrade: 'h2c',
  'Keep-Alive': 'timeout=9',
  Trailer: 'X-Evil',
  Date: 'never',
  Server: 'mine',
  'WWW-Authenticate': 'Basic realm="evil"',
  'Access-Control-Allow-Origin': '*',
  'Strict-Transport-Security': 'max-age=0',
  'Service-Worker-Allowed': '/',
  'Clear-Site-Data': '"*"',
  'X-Couch-Id': 'evil',
  'X-Accel-Redirect': '/etc/passwd',
  'X-Accel-Buffering': 'no',
  'X-Sendfile': '/etc/passwd',
  'Set-Login': 'logged-out',
  'Secure-Session-Registration': '(ES256);path="/x"',
}

async function makeDesign(url: string, functions: Record<string, string>): Promise<void> {
  await call(url, 'PUT', '/db')
  const source = (body: string) => `function (doc, req) { ${body} }`
  const lists: Record<string, string> = {}
  const shows: Record<string, string> = {}
  const updates: Record<string, string> = {}
  for (const [name, answer] of Object.entries(functions)) {
    shows[name] = source(`return ${answer}`)
    updates[name] = source(`return [null, ${answer}]`)
    lists[name] = source(`start(${answer}); send('list')`)
  }
  const views = { all: { map: 'function (doc) { emit(doc._id) }' } }
  await call(url, 'PUT', DESIGN, { json: { views, lists, shows, updates } })
}

const kinds = [
  ['GET', `${DESIGN}/_show`, ''],
  ['POST', `${DESIGN}/_update`, ''],
  ['GET', `${DESIGN}/_list`, '/all'],
] as const

test('headers that frame answers or secure the origin are the server’s', withServer, async (t, { url }) => {
  const headers = JSON.stringify({ ...forbidden, 'X-Mine': 'yes', 'Cache-Control': 'no-store' })
  await makeDesign(url, { f: `{ headers: ${headers} }` })
  const ours = await call<unknown>(url, 'GET', '/')
  for (const [method, path, end] of kinds) {
    const answer = await call<unknown>(url, method, `${path}/f${end}`)
    t.is(answer.status, 200, path)
    t.is(answer.headers['x-mine'], 'yes')
    t.is(answer.headers['cache-control'], 'no-store')
    t.is(answer.headers['content-security-policy'], 'sandbox')
    t.is(answer.headers['x-content-type-options'], 'nosniff')
    t.is(answer.headers['server'], ours.headers['server'])
    t.not(answer.headers['date'], 'never')
    for (const name of [
      'set-cookie',
      'www-authenticate',
      'strict-transport-security',
      'x-couch-id',
      'upgrade',
    ]) {
      t.is(answer.headers[name], undefined, name)
    }
    t.false(JSON.stringify(answer.headers).includes('evil'))
  }
})

test('a function cannot forge a second answer', withServer, async (t, { url }) => {
  await makeDesign(url, {
    split: String.raw`{ headers: { 'X-A': 'a\r\nX-Forged: yes\r\n\r\nHTTP/1.1 200 OK' } }`,
    name: String.raw`{ headers: { 'X-A: a\r\nX-Forged': 'yes' } }`,
    short: `{ headers: { 'Content-Length': '2' }, body: 'okHTTP/1.1 200 OK' }`,
  })
  for (const [method, path, end] of kinds) {
    for (const name of ['split', 'name']) {
      const answer = await call(url, method, `${path}/${name}${end}`)
      t.deepEqual([answer.status, answer.body['error']], [500, 'external_response_error'], `${path} ${name}`)
      t.is(answer.headers['x-forged'], undefined)
    }
  }
  t.is((await call<unknown>(url, 'GET', `${DESIGN}/_show/short`)).body, 'okHTTP/1.1 200 OK')
})

test('codes are numbers or texts from 200 to 599', withServer, async (t, { url }) => {
  const codes: [code: string, status: number][] = [
    ['200', 200],
    ['599', 599],
    ['"404"', 404],
    ['"404 Nothing Here"', 404],
    ['100', 500],
    ['101', 500],
    ['"103"', 500],
    ['600', 500],
    ['200.5', 500],
    ['"4040"', 500],
    ['null', 500],
    ['{}', 500],
  ]
  const functions = codes.map(([code], at) => [`f${at}`, `{ code: ${code} }`])
  await makeDesign(url, Object.fromEntries(functions) as Record<string, string>)
  for (const [method, path, end] of kinds) {
    for (const [at, [code, status]] of codes.entries()) {
      t.is((await call<unknown>(url, method, `${path}/f${at}${end}`)).status, status, `${path} ${code}`)
    }
  }
})

// CouchDB: chttpd_external:parse_external_response/1
test('the type depends on what the answer is given as', withServer, async (t, { url }) => {
  await makeDesign(url, {
    none: '{}',
    body: "{ body: 'x' }",
    json: '{ json: null }',
    base64: "{ base64: 'eA==' }",
    own: "{ headers: { 'content-type': 'text/x-own' } }",
  })
  const types = {
    none: 'application/json',
    body: 'text/html; charset=utf-8',
    json: 'application/json',
    base64: 'application/binary',
    own: 'text/x-own',
  }
  for (const [method, path, end] of kinds) {
    for (const [name, type] of Object.entries(types)) {
      const { headers } = await call<unknown>(url, method, `${path}/${name}${end}`)
      t.is(headers['content-type'], type, `${path} ${name}`)
    }
  }
})

test('unknown members of an answer are refused', withServer, async (t, { url }) => {
  await makeDesign(url, { other: '{ other: 1 }', headers: '{ headers: [] }', base64: "{ base64: '?' }" })
  for (const [method, path, end] of kinds) {
    const other = await call(url, method, `${path}/other${end}`)
    t.is(other.status, 500)
    t.deepEqual(other.body, {
      error: 'external_response_error',
      reason: 'Invalid data from external server: {<<"other">>,1}',
    })
    t.is((await call(url, method, `${path}/headers${end}`)).status, 500)
    t.is((await call(url, method, `${path}/base64${end}`)).status, 500)
  }
})

test('header values are sent as text, in UTF-8', withServer, async (t, { url }) => {
  await makeDesign(url, {
    f: `{ headers: { 'X-Number': 120, 'X-True': true, 'X-Latin': 'caf\u00e9', 'X-Wide': '\u20ac \u4e2d' } }`,
  })
  const utf8 = (text: string) => Buffer.from(text).toString('latin1')
  for (const [method, path, end] of kinds) {
    const { headers } = await call<unknown>(url, method, `${path}/f${end}`)
    t.is(headers['x-number'], '120')
    t.is(headers['x-true'], 'true')
    t.is(headers['x-latin'], utf8('café'))
    t.is(headers['x-wide'], utf8('€ 中'))
  }
})

test(
  'shows and updates see revisions and conflicts, twenty revisions at most',
  withServer,
  async (t, { url }) => {
    await makeDesign(url, { seen: '{ json: [doc._revisions, doc._conflicts] }' })
    const ids = Array.from({ length: 30 }, (_, at) => `${at}`.padStart(32, '0'))
    const branches = [ids, ['f'.repeat(32), ...ids.slice(1)]]
    const docs = branches.map(([hash, ...rest]) => ({
      _id: 'a',
      _rev: `30-${hash}`,
      _revisions: { start: 30, ids: [hash, ...rest] },
    }))
    await call(url, 'POST', '/db/_bulk_docs', { json: { docs, new_edits: false } })
    const winner = { start: 30, ids: ['f'.repeat(32), ...ids.slice(1, 20)] }
    for (const [method, path] of kinds.slice(0, 2)) {
      const { body } = await call<unknown>(url, method, `${path}/seen/a`)
      t.deepEqual(body, [winner, [`30-${ids[0]}`]])
    }
  },
)

test(
  'the request object tells of the database, and keys of the query are JSON',
  withServer,
  async (t, { url }) => {
    await makeDesign(url, { f: '{ json: [Object.keys(req.info), req.query] }' })
    const { body } = await call<[string[], unknown]>(
      url,
      'GET',
      `${DESIGN}/_show/f?startkey=[1]&endkey="x"&key=2&descending=true&limit=3`,
    )
    t.deepEqual(body[0], Object.keys((await call(url, 'GET', '/db')).body))
    t.deepEqual(body[1], { startkey: [1], endkey: 'x', key: 2, descending: true, limit: '3' })
    t.is((await call(url, 'GET', `${DESIGN}/_show/f?key={`)).status, 400)
  },
)

test('a function does not send more headers than a request may have', withServer, async (t, { url }) => {
  const many = `(function () { var h = {}; for (var i = 0; i < 20000; i++) h['x-' + i] = 'y'; return h })()`
  await makeDesign(url, { many: `{ headers: ${many} }`, long: `{ headers: { 'x-a': 'y'.repeat(100000) } }` })
  for (const [method, path, end] of kinds) {
    for (const name of ['many', 'long']) {
      const { status, body } = await call<{ error: string }>(url, method, `${path}/${name}${end}`)
      t.deepEqual([status, body.error], [500, 'external_response_error'], `${path}/${name}`)
    }
  }
})

test(
  'a show that returns nothing is an empty answer, an update must return two values',
  withServer,
  async (t, { url }) => {
    const bodies = ['', 'return null', 'return false', 'return 0', "return ''"]
    const returning = (body: string) => `function (doc, req) { ${body} }`
    const shows = { ...bodies.map(returning), number: returning('return 5') }
    const updates = { number: returning('return 5'), object: returning("return { 0: null, 1: 'x' }") }
    await call(url, 'PUT', '/db')
    await call(url, 'PUT', '/db/_design/r', { json: { shows, updates } })
    for (const [index, body] of bodies.entries()) {
      const response = await call<unknown>(url, 'GET', `/db/_design/r/_show/${index}`)
      t.deepEqual([response.status, response.body], [200, ''], body)
      t.is(response.headers['content-type'], 'application/json', body)
    }
    for (const [method, kind] of [
      ['GET', 'show'],
      ['POST', 'update'],
    ] as const) {
      const { status, body } = await call(url, method, `/db/_design/r/_${kind}/number`)
      t.is(status, 500)
      t.deepEqual(body, { error: 'render_error', reason: `undefined response from ${kind} function` })
    }
    const response = await call<unknown>(url, 'POST', '/db/_design/r/_update/object')
    t.deepEqual([response.status, response.body], [200, 'x'])
  },
)

test(
  'base64 of many blanks, and a revision of many quotes, are judged at once',
  withServer,
  async (t, { url }) => {
    const base64 = (blanks: number, end: string) => `{ base64: 'QQ==' + ' '.repeat(${blanks}) + '${end}' }`
    await makeDesign(url, { good: base64(1_000_000, ''), bad: base64(1_000_000, '!') })
    t.is((await call<unknown>(url, 'GET', `${DESIGN}/_show/good`)).body, 'A')
    t.is((await call(url, 'GET', `${DESIGN}/_show/bad`)).status, 500)
    const quoted = (rev: string) => call(url, 'PUT', '/db/a', { json: {}, headers: { 'if-match': rev } })
    const rev = (await call(url, 'PUT', '/db/a', { json: {} })).body['rev'] as string
    t.is((await quoted(`""${rev}""`)).status, 201)
    t.is((await quoted(`a${'"'.repeat(10_000)}b`)).status, 400)
  },
)
