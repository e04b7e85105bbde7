import { connect, type Socket } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { addUser, ADMIN, securedServer, type SecuredServer } from '../../helpers/secured-server.ts'

/**
 * Requests whose heads come while their user has the right, and whose bodies come when it was withdrawn: they are refused,
 * and nothing of them is stored.
 */

const MULTIPART = [
  '--b\r\nContent-Type: application/json\r\n\r\n',
  '{"_attachments":{"f":{"follows":true,"content_type":"text/plain","length":2}}}',
  '\r\n--b\r\n\r\nhi\r\n--b--',
].join('')
const FORM = '--b\r\nContent-Disposition: form-data; name="_doc"\r\n\r\n{}\r\n--b--\r\n'
const JSON_TYPE = 'application/json'

/** Method, path, body and its type; the last is what an administrator looks at afterwards. */
const WRITES: readonly (readonly [string, string, string, string])[] = [
  ['PUT', '/db/new', '{"a":1}', JSON_TYPE],
  ['PUT', '/db/new?batch=ok', '{"a":1}', JSON_TYPE],
  ['PUT', '/db/new?new_edits=false', '{"_rev":"1-00000000000000000000000000000001"}', JSON_TYPE],
  ['POST', '/db', '{"_id":"new"}', JSON_TYPE],
  ['POST', '/db/_bulk_docs', '{"docs":[{"_id":"new"}]}', JSON_TYPE],
  ['POST', '/db/_bulk_docs', '{"docs":[{"_id":"_local/new"}]}', JSON_TYPE],
  ['PUT', '/db/_local/new', '{}', JSON_TYPE],
  ['PUT', '/db/new/file', 'text', 'text/plain'],
  ['PUT', '/db/new', MULTIPART, 'multipart/related; boundary=b'],
  ['POST', '/db/new', FORM, 'multipart/form-data; boundary=b'],
  ['PUT', '/db/_design/d', '{}', JSON_TYPE],
  ['PUT', '/db/_security', '{}', JSON_TYPE],
  ['PUT', '/db/_revs_limit', '7', JSON_TYPE],
  ['POST', '/db/_index', '{"index":{"fields":["a"]}}', JSON_TYPE],
  ['POST', '/db/_design/fn/_update/make/new', '{}', JSON_TYPE],
]
/** Those that show what the user may not see any more. */
const READS: typeof WRITES = [
  ['POST', '/db/_all_docs', '{"keys":["old"]}', JSON_TYPE],
  ['POST', '/db/_bulk_get', '{"docs":[{"id":"old"}]}', JSON_TYPE],
  ['POST', '/db/_find', '{"selector":{}}', JSON_TYPE],
  ['POST', '/db/_changes?feed=continuous&timeout=60000', '{}', JSON_TYPE],
  ['POST', '/db/_revs_diff', '{"old":["1-a"]}', JSON_TYPE],
]

async function database(t: ExecutionContext): Promise<SecuredServer> {
  const secured = await securedServer(t)
  const { admin } = secured
  await admin('PUT', '/db')
  await admin('PUT', '/db/old', { json: {} })
  const make = 'function (doc, req) { return [{ _id: req.id }, "made"] }'
  await admin('PUT', '/db/_design/fn', { json: { updates: { make } } })
  const ann = { names: ['ann'] }
  await admin('PUT', '/db/_security', { json: { admins: ann, members: { ...ann, roles: ['staff'] } } })
  await addUser(secured, 'ann')
  // From now on the password needs no computing, so that heads are judged as soon as they come.
  await secured.as('ann:secret')('GET', '/db')
  return secured
}

/** Sends the head of a request and the beginning of its body, and waits until the server has the head. */
async function begin(
  { server }: SecuredServer,
  who: string,
  [method, path, body, type]: (typeof WRITES)[number],
): Promise<{ finish: () => Promise<number> }> {
  const { port } = new URL(server.url)
  const socket = connect(Number(port), '127.0.0.1')
  const head = [
    `${method} ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `Referer: http://127.0.0.1:${port}/`,
    `Authorization: Basic ${Buffer.from(who).toString('base64')}`,
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
    'Accept: application/json',
    // Asks to be told that the head was taken.
    'Expect: 100-continue',
    'Connection: close',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  await answered(socket, 100)
  // The request is authorized in the turns that follow: one answered by the same thread comes behind it.
  return {
    finish: () => {
      socket.write(body)
      return answered(socket)
    },
  }
}

/** Waits for an answer's head. @returns its status; 0 where the connection ends without one */
function answered(socket: Socket, expected?: number): Promise<number> {
  return new Promise(resolve => {
    let text = ''
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1')
      if (!text.includes('\r\n\r\n')) return
      done(Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0))
    }
    const onEnd = (): void => done(0)
    const done = (status: number): void => {
      socket.off('data', onData).off('close', onEnd)
      if (expected === undefined) socket.destroy()
      resolve(status)
    }
    socket.on('data', onData).on('close', onEnd).on('error', onEnd)
  })
}

/**
 * The ways in which the right is withdrawn, and what is answered then. Front threads hand heads on with the first bytes of
 * the body: then it is a request of somebody without the right, with a wrong password once too often.
 */
const WITHDRAWALS: Readonly<
  Record<string, readonly [number[], (secured: SecuredServer) => Promise<unknown>]>
> = {
  'a changed _security': [
    [403],
    ({ admin }) =>
      admin('PUT', '/db/_security', { json: { admins: { names: ['bob'] }, members: { names: ['bob'] } } }),
  ],
  'a deleted user': [
    [401, 403],
    async ({ admin }) => {
      const { body } = await admin('GET', '/_users/org.couchdb.user:ann')
      return admin('DELETE', `/_users/org.couchdb.user:ann?rev=${String(body['_rev'])}`)
    },
  ],
  'another password': [
    [401, 403],
    async ({ admin }) => {
      const { body } = await admin('GET', '/_users/org.couchdb.user:ann')
      return admin('PUT', '/_users/org.couchdb.user:ann', { json: { ...body, password: 'other' } })
    },
  ],
  'a database that was made again': [
    [404, 403],
    async ({ admin }) => {
      await admin('DELETE', '/db')
      await admin('PUT', '/db')
    },
  ],
}

for (const [title, [statuses, withdraw]] of Object.entries(WITHDRAWALS)) {
  test(`a body that comes after ${title} is refused`, async t => {
    const secured = await database(t)
    const begun = []
    for (const one of [...WRITES, ...READS])
      begun.push([one, await begin(secured, 'ann:secret', one)] as const)
    await withdraw(secured)
    for (const [[method, path], { finish }] of begun) {
      const status = await finish()
      // Whether a batched document can be written nobody is told.
      const isBatched = path.includes('batch=ok') && status === 202
      t.true(isBatched || statuses.includes(status), `${method} ${path}: ${status}`)
    }
    const { admin } = secured
    await admin('POST', '/db/_ensure_full_commit', { json: {} })
    for (const path of ['/db/new', '/db/_local/new', '/db/_design/d'])
      t.is((await admin('GET', path)).status, 404)
    t.deepEqual((await admin('GET', '/db/_revs_limit')).body as unknown, 1000)
    t.notDeepEqual((await admin('GET', '/db/_security')).body, {})
  })
}

test('a body that comes after a role was lost is refused', async t => {
  const secured = await database(t)
  await addUser(secured, 'bob', ['staff'])
  await secured.as('bob:secret')('GET', '/db')
  const begun = await begin(secured, 'bob:secret', WRITES[0]!)
  const { body } = await secured.admin('GET', '/_users/org.couchdb.user:bob')
  await secured.admin('PUT', '/_users/org.couchdb.user:bob', { json: { ...body, roles: [] } })
  t.is(await begun.finish(), 403)
  t.is((await secured.admin('GET', '/db/new')).status, 404)
})

test('a removed administrator writes no settings and purges nothing', async t => {
  const secured = await database(t)
  const { admin } = secured
  await admin('PUT', '/_node/_local/_config/admins/second', { json: 'pw' })
  const requests = [
    ['PUT', '/_node/_local/_config/admins/evil', '"pw"', JSON_TYPE],
    ['POST', '/db/_purge', '{"old":["1-967a00dff5e02add41819138abb3284d"]}', JSON_TYPE],
    ['PUT', '/_users/org.couchdb.user:eve', '{"name":"eve","type":"user","roles":["x"]}', JSON_TYPE],
    ['PUT', '/_replicator/job', '{"source":"http://127.0.0.1:1/a","target":"db"}', JSON_TYPE],
    ['POST', '/_replicate', '{"source":"db","target":"copy"}', JSON_TYPE],
  ] as const
  const begun = []
  for (const one of requests) begun.push([one, await begin(secured, 'second:pw', one)] as const)
  await admin('DELETE', '/_node/_local/_config/admins/second')
  for (const [[method, path], { finish }] of begun)
    t.true([401, 403].includes(await finish()), `${method} ${path}`)
  for (const path of [
    '/_node/_local/_config/admins/evil',
    '/_users/org.couchdb.user:eve',
    '/_replicator/job',
  ])
    t.is((await admin('GET', path)).status, 404, path)
  t.is((await admin('GET', '/db/old')).status, 200)
})

test("changes of others' rights leave a request its own", async t => {
  const secured = await database(t)
  await addUser(secured, 'bob')
  const begun = []
  for (const one of [WRITES[0]!, ['PUT', '/db/other/file', 'text', 'text/plain'] as const])
    begun.push(await begin(secured, 'ann:secret', one))
  await secured.admin('DELETE', `/_users/org.couchdb.user:bob?rev=${await revOf(secured, 'bob')}`)
  await secured.admin('PUT', '/db/_security', { json: { members: { names: ['ann'] } } })
  for (const { finish } of begun) t.is(await finish(), 201)
  t.is((await secured.as(ADMIN)('GET', '/db/new')).status, 200)
})

async function revOf({ admin }: SecuredServer, name: string): Promise<string> {
  return String((await admin('GET', `/_users/org.couchdb.user:${name}`)).body['_rev'])
}
