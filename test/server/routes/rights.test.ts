import test from 'ava'
import { ROUTES } from '../../../server/routes/table.ts'
import { addUser, ADMIN, securedServer, type SecuredServer } from '../../helpers/secured-server.ts'
import { FUNCTION_ROWS, FUNCTIONS, INDEX } from './rights-of-functions.ts'
import type { Cell, Right, Row } from './rights-row.ts'
import { ROWS } from './rights-table.ts'

const TABLE = [...ROWS, ...FUNCTION_ROWS]

const ROLES = ['anonymous', 'user', 'member', 'db-admin', 'server-admin'] as const
type Role = (typeof ROLES)[number]

const CREDENTIALS: Record<Role, string | undefined> = {
  anonymous: undefined,
  user: 'outsider:secret',
  member: 'member:secret',
  'db-admin': 'boss:secret',
  'server-admin': ADMIN,
}

type Refusal = readonly [status: number, reason: string]
const SERVER_ADMIN: Refusal = [401, 'You are not a server admin.']
const METRICS: Refusal = [401, 'You are not a server admin or read-only metrics user']
const MAINTAINER: Refusal = [401, 'You are not a server or db admin.']
const ANONYMOUS: Refusal = [401, 'You are not authorized to access this db.']
const OUTSIDER: Refusal = [403, 'You are not allowed to access this db.']
const DB_ADMIN: Refusal = [403, 'You are not a db or server admin.']
const USER: Refusal = [401, 'You are not an authenticated user']

/** The refusal of each role that may not use a route. */
const REFUSALS: Record<Right, Partial<Record<Role, Refusal>>> = {
  everybody: {},
  user: { anonymous: USER },
  metrics: { anonymous: METRICS, user: METRICS, member: METRICS, 'db-admin': METRICS },
  'server-admin': {
    anonymous: SERVER_ADMIN,
    user: SERVER_ADMIN,
    member: SERVER_ADMIN,
    'db-admin': SERVER_ADMIN,
  },
  member: { anonymous: ANONYMOUS, user: OUTSIDER },
  'db-admin': { anonymous: ANONYMOUS, user: OUTSIDER, member: DB_ADMIN },
  maintainer: { anonymous: MAINTAINER, user: MAINTAINER, member: MAINTAINER },
}

const NAMES: Record<string, string> = {
  docid: 'doc',
  partition: 'p',
  name: 'd',
  attachment: 'none.txt',
  view: 'v',
  node: '_local',
  section: 'x',
  key: 'y',
  path: 'couchdb',
  file: 'x',
  rest: 'x',
}

test('every route is in the table', t => {
  const routes = ROUTES.flatMap(({ path, methods }) =>
    Object.keys(methods).map(method => `${method} ${path}`),
  )
  // HEAD answers as GET does; a path without methods only refuses.
  const needed = routes.filter(route => !route.startsWith('HEAD ') && !route.endsWith('/_replicate'))
  const present = new Set(TABLE.map(({ route }) => route))
  t.deepEqual(
    needed.filter(route => !present.has(route)),
    [],
  )
})

for (const right of Object.keys(REFUSALS) as Right[]) {
  test(`routes for ${right} answer those who may, and tell the others why not`, async t => {
    // What compiles the functions of the design documents may wait long for a processor.
    const secured = await securedServer(t, 'couchdb/os_process_timeout=60000')
    for (const name of ['outsider', 'member', 'boss']) await addUser(secured, name)
    const untouched = await makeCell(secured, 'untouched')
    let cells = 0
    for (const row of TABLE.filter(row => row.right === right)) {
      for (const role of ROLES) {
        const refusal = REFUSALS[right][role]
        const isAlone = refusal === undefined && row.route.includes('/:db')
        const cell = isAlone ? await makeCell(secured, `cell${(cells += 1)}`) : untouched
        const { path, ...options } = requestOf(row, cell)
        const [method = ''] = row.route.split(' ')
        const { status, body } = await secured.as(CREDENTIALS[role])(method, path, options)
        const title = `${row.route} as ${role}: ${JSON.stringify(body)}`
        if (refusal !== undefined) t.deepEqual([status, body['reason']], [...refusal], title)
        else if (row.status === 'answered') t.true(status !== 401 && status !== 403, title)
        else t.is(status, row.status, title)
      }
    }
  })
}

async function makeCell({ admin }: SecuredServer, db: string): Promise<Cell> {
  await admin('PUT', `/${db}`)
  const attachments = { 'a.txt': { content_type: 'text/plain', data: 'eA==' } }
  const views = { v: { map: 'function (doc) { emit(doc._id, null) }' } }
  const doc = await admin<{ rev: string }>('PUT', `/${db}/doc`, { json: { _attachments: attachments } })
  const design = await admin<{ rev: string }>('PUT', `/${db}/_design/d`, {
    json: { views, ...FUNCTIONS, _attachments: attachments },
  })
  if (design.status !== 201) throw new Error(`no design document: ${JSON.stringify(design.body)}`)
  const index = await admin('POST', `/${db}/_index`, { json: INDEX })
  if (index.status !== 200) throw new Error(`no index: ${JSON.stringify(index.body)}`)
  await admin('PUT', `/${db}/_security`, {
    json: { admins: { names: ['boss'] }, members: { names: ['member'] } },
  })
  return { db, docRev: doc.body.rev, designRev: design.body.rev }
}

function requestOf({ route, request }: Row, cell: Cell): ReturnType<NonNullable<Row['request']>> {
  if (request !== undefined) return request(cell)
  const [, path = ''] = route.split(' ')
  return {
    path: path.replace(/[:*](\w+)/g, (_, name: string) => (name === 'db' ? cell.db : (NAMES[name] ?? name))),
  }
}
