import test, { type ExecutionContext } from 'ava'
import { ROUTES } from '../../../server/routes/table.ts'
import type { CallOptions } from '../../helpers/http.ts'
import { securedServer, type SecuredServer } from '../../helpers/secured-server.ts'

/** Stands in every document, attachment and credential that only its owner and administrators may see. */
const MARK = 'for-your-eyes-only'

/** Credentials of the users who ask; the documents belong to `ann`. */
const STRANGERS = [undefined, 'bob:secret'] as const
const OWNER = 'ann:secret'
const ADMINISTRATORS = ['boss:secret', 'admin:pass'] as const

interface Place {
  readonly kind: 'users' | 'replicator'
  readonly db: string
}

type Request = CallOptions & { readonly method: string; readonly path: string }

const QUERIES = ['include_docs=true&attachments=true&conflicts=true&reduce=false', 'revs=true&open_revs=all']

const FEEDS = [
  'include_docs=true&attachments=true',
  'include_docs=true&feed=continuous&timeout=1',
  'include_docs=true&feed=longpoll&timeout=1',
  'include_docs=true&feed=eventsource&timeout=1',
  'include_docs=true&filter=d/f',
  'include_docs=true&filter=_view&view=d/v',
  'include_docs=true&filter=_selector',
  'include_docs=true&filter=_doc_ids',
]

for (const place of [
  { kind: 'users', db: '_users' },
  { kind: 'users', db: 'shop/_users' },
  { kind: 'users', db: 'accounts' },
  { kind: 'replicator', db: '_replicator' },
] as const) {
  test(`documents of ${place.db} are for their owners and administrators, whatever the route`, async t => {
    const secured = await serverWith(t, place)
    const requests = requestsTo(place, secured.server.url)
    t.true(requests.length > 150)
    for (const who of STRANGERS) {
      for (const { method, path, ...options } of requests) {
        const { status, body, headers } = await secured.as(who)(method, path, options)
        const answer = JSON.stringify([body, headers])
        t.false(answer.includes(MARK), `${method} ${path} as ${who ?? 'nobody'}: ${status}`)
        t.true(status < 500 || status === 501, `${method} ${path}: ${status}`)
      }
    }
    // What was copied or replicated does not hold it either.
    const copied = await secured.as<unknown>('bob:secret')(
      'GET',
      `${pathOf(place)}/${documentId(place, 'bob')}`,
    )
    t.false(JSON.stringify(copied.body).includes(MARK))
    const replicated = await secured.admin<unknown>('GET', '/bobs/_all_docs?include_docs=true')
    t.false(JSON.stringify(replicated.body).includes(MARK))

    // Owners see their own document, and administrators all.
    const base = pathOf(place)
    const id = documentId(place, 'ann')
    const ways: Request[] = [
      { method: 'GET', path: `${base}/${id}` },
      { method: 'GET', path: `${base}/${id}?attachments=true` },
      { method: 'GET', path: `${base}/${id}?open_revs=all` },
      { method: 'POST', path: `${base}/_bulk_get`, json: { docs: [{ id }] } },
    ]
    const lists: Request[] = [
      { method: 'GET', path: `${base}/_all_docs?include_docs=true` },
      { method: 'GET', path: `${base}/_changes?include_docs=true` },
      { method: 'POST', path: `${base}/_find`, json: { selector: {} } },
      { method: 'GET', path: `${base}/_design/d/_view/v?include_docs=true` },
    ]
    for (const who of [OWNER, ...ADMINISTRATORS]) {
      for (const { method, path, ...options } of ways) {
        const { body } = await secured.as<unknown>(who)(method, path, options)
        t.true(JSON.stringify(body).includes(MARK), `${method} ${path} as ${who}: ${JSON.stringify(body)}`)
      }
    }
    for (const { method, path, ...options } of lists) {
      const seen = await secured.as<unknown>('admin:pass')(method, path, options)
      t.true(JSON.stringify(seen.body).includes(MARK), `${method} ${path}: ${JSON.stringify(seen.body)}`)
      const own = await secured.as<unknown>(OWNER)(method, path, options)
      t.true(own.status === 401 || own.status === 403, `${method} ${path}: ${own.status}`)
    }
  })
}

/** A system database that is open to everybody, which is the most that an operator can do. */
async function serverWith(t: ExecutionContext, place: Place): Promise<SecuredServer> {
  const secured = await securedServer(
    t,
    'couchdb/users_db_security_editable=true',
    ...(place.db === 'accounts' ? ['chttpd_auth/authentication_db=accounts'] : []),
  )
  const { admin } = secured
  const base = pathOf(place)
  const users = place.db === 'accounts' ? '/accounts' : '/_users'
  for (const path of [users, base, '/bobs']) await admin('PUT', path)
  for (const name of ['ann', 'bob', 'boss']) {
    const json = { name, type: 'user', roles: [], password: 'secret' }
    t.is((await admin('PUT', `${users}/org.couchdb.user:${name}`, { json })).status, 201)
  }
  const isOpen = { admins: { names: ['boss'] }, members: { names: [], roles: [] } }
  for (const path of [base, '/bobs']) {
    t.is((await admin('PUT', `${path}/_security`, { json: isOpen })).status, 200)
  }
  await writeDocument(secured, place)
  const json = {
    views: { v: { map: 'function (doc) { emit(doc._id, doc) }' } },
    filters: { f: 'function () { return true }' },
    shows: { f: 'function (doc) { return JSON.stringify(doc) }' },
    lists: { f: 'function () { var row; while ((row = getRow())) send(JSON.stringify(row)) }' },
    updates: { f: 'function (doc) { return [null, JSON.stringify(doc)] }' },
    rewrites: [{ from: '/x', to: '/_view/v', query: { include_docs: 'true' } }],
  }
  t.is((await admin('PUT', `${base}/_design/d`, { json })).status, 201)
  const index = { index: { fields: ['note'] }, ddoc: 'd2', name: 'i' }
  t.is((await admin('POST', `${base}/_index`, { json: index })).status, 200)
  return secured
}

async function writeDocument({ admin }: SecuredServer, place: Place): Promise<void> {
  const path = `${pathOf(place)}/${documentId(place, 'ann')}`
  const { body } = await admin<{ _rev?: string }>('GET', path)
  const attachments = { 'a.txt': { content_type: 'text/plain', data: Buffer.from(MARK).toString('base64') } }
  const rev = body._rev === undefined ? {} : { _rev: body._rev }
  const json =
    place.kind === 'users'
      ? { ...body, name: 'ann', type: 'user', roles: [], note: MARK, _attachments: attachments }
      : {
          ...rev,
          owner: 'ann',
          source: `http://ann:${MARK}@127.0.0.1:9/a?q=${MARK}`,
          target: { url: 'http://127.0.0.1:9/b', headers: { authorization: MARK }, auth: { basic: MARK } },
          // Kept, and not run: its peer is nowhere.
          _replication_state: 'failed',
        }
  const { status, body: written } = await admin('PUT', path, { json })
  if (status !== 201) throw new Error(JSON.stringify(written))
}

/** Every route of a database with everything that could make it show documents. */
function requestsTo(place: Place, url: string): Request[] {
  const id = documentId(place, 'ann')
  const names: Readonly<Record<string, string>> = {
    db: encodeURIComponent(place.db),
    docid: id,
    systemName: `_design%2Fd`,
    name: 'd',
    view: 'v',
    function: 'f',
    other: 'd',
    target: id,
    attachment: 'a.txt',
    partition: 'org.couchdb.user',
    ddoc: 'd2',
    type: 'json',
    rest: 'x',
    more: 'x',
  }
  const body = {
    keys: [id],
    docs: [{ id }],
    queries: [{ include_docs: true, keys: [id] }],
    doc_ids: [id],
    selector: { _id: { $gt: null } },
  }
  const requests: Request[] = []
  for (const route of ROUTES.filter(({ path }) => path.startsWith('/:db'))) {
    const path = route.path.replace(/[:*](\w+)/g, (_, name: string) => names[name] ?? name)
    for (const method of ['GET', 'POST', 'COPY', 'OPTIONS']) {
      if (!(method in route.methods)) continue
      for (const query of path.endsWith('/_changes') ? FEEDS : QUERIES) {
        const json = method === 'POST' ? { json: body } : {}
        const headers = method === 'COPY' ? { headers: { destination: documentId(place, 'bob') } } : {}
        requests.push({ method, path: `${path}?${query}`, ...json, ...headers })
      }
    }
  }
  for (const accept of ['multipart/mixed', 'multipart/related']) {
    const headers = { accept }
    requests.push({ method: 'GET', path: `${pathOf(place)}/${id}?attachments=true`, headers })
    requests.push({ method: 'GET', path: `${pathOf(place)}/${id}?open_revs=all`, headers })
    const json = { docs: [{ id }] }
    requests.push({ method: 'POST', path: `${pathOf(place)}/_bulk_get`, json, headers })
  }
  return [...requests, ...otherWays(place, url)]
}

/** Requests that lead to a database's documents without its name in front of the path. */
function otherWays(place: Place, url: string): Request[] {
  const own = url.replace('://', '://bob:secret@')
  const replicate = (body: object): Request => ({ method: 'POST', path: '/_replicate', json: body })
  const target = `${own}/bobs`
  return [
    replicate({ source: `${own}${pathOf(place)}`, target }),
    replicate({ source: `${own}${pathOf(place)}`, target, doc_ids: [documentId(place, 'ann')] }),
    replicate({ source: `${own}${pathOf(place)}`, target, selector: {} }),
    { method: 'GET', path: '/_db_updates?include_docs=true' },
    { method: 'GET', path: '/_scheduler/docs' },
    { method: 'GET', path: '/_active_tasks' },
    { method: 'GET', path: `/${place.db}/_all_docs?include_docs=true` },
    { method: 'GET', path: `//${encodeURIComponent(place.db)}//_all_docs?include_docs=true` },
    { method: 'GET', path: `/bobs/_design/d/_rewrite/../../../${encodeURIComponent(place.db)}/_all_docs` },
  ]
}

function pathOf({ db }: Place): string {
  return `/${encodeURIComponent(db)}`
}

function documentId({ kind }: Place, name: string): string {
  return kind === 'users' ? `org.couchdb.user:${name}` : `job-of-${name}`
}
