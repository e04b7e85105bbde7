import test from 'ava'
import { securedServer } from '../../helpers/secured-server.ts'
import { FUNCTION_ROWS } from './rights-of-functions.ts'
import type { Cell, Row } from './rights-row.ts'
import { ROWS } from './rights-table.ts'

/** Values that are JSON, and no request of any route. */
const WRONG: readonly unknown[] = [[], null, 1, 'x']

/** Values in the place of a member; most have the wrong type. */
const VALUES: readonly unknown[] = [null, -1, 'x', [1], { x: 1 }]

const SIDES = { source: 'cell', target: 'cell' }

/** A request with all members, for each route that CouchDB does not have. */
const REQUESTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'POST /_compare': { ...SIDES, bodies: true, from: 'a', digests: true, proxy: '', doc_ids: ['a'] },
  'POST /_repair': { ...SIDES, documents: [{ id: 'a', rev: '1-a' }], take: 'source', one_way: true },
  'PUT /:db/_follower': { source: 'ftp://x', forward_writes: true, selector: {}, mask: {}, verify: {} },
  'PUT /_mesh': { name: 'm', databases: ['*'], users: false, design_documents: true, url: 'x', region: 'x' },
  'POST /_mesh/invitations': { lifetime: 1 },
  'POST /_mesh/join': { at: 'x', token: 'x', member: 'x', url: 'x', region: 'x' },
  'POST /_mesh/members': { token: 'x', member: 'x', name: 'x', url: 'x', key: {}, region: 'x' },
  'PUT /_credentials/:name': { hosts: ['x'], basic: { username: 'a', password: 'b' }, bearer: 'x' },
  'PUT /:db/_quorum': { w: 1, r: 1 },
  'PUT /:db/_retention': { rules: [{}], tombstones: 1, field: 'x' },
  'POST /:db/_digests': { ranges: [{}] },
  'POST /:db/_conflicts/*id': { revs: ['1-a'], body: {} },
  'POST /:db/_conflicts': { keys: ['a'], limit: 1, skip: 1, descending: true, include_docs: true },
  'POST /:db/_try_view': { map: 'function (doc) {}', reduce: '_sum', docs: [{}], limit: 1 },
  'POST /:db/_ingest/failures': { ids: ['a'] },
}

/** CouchDB's own answer to a replication without a side, and that of a server in memory to a backup. */
const EXPECTED = ['POST /_replicate 500 error', 'POST /_node/:node/_backup 501 not_implemented']

test('JSON that is no request is refused with a reason on every route that takes a body', async t => {
  t.timeout(180_000)
  const { admin } = await securedServer(t, 'chttpd_auth_lockout/mode=off')
  const cell = { db: 'cell', docRev: '1-x', designRev: '1-x' }
  await admin('PUT', '/cell')
  for (const [place, row] of [...ROWS, ...FUNCTION_ROWS].filter(takesJson).entries()) {
    const [method = ''] = row.route.split(' ')
    const headers = { 'content-type': 'application/json' }
    const answers = bodiesOf(row, place).map(async json => {
      const raw = JSON.stringify(json)
      const { status, body } = await admin(method, requestOf(row, cell).path, { raw, headers })
      if (EXPECTED.includes(`${row.route} ${status} ${String(body.error)}`)) return
      t.true(status < 500, `${row.route} of ${raw}: ${status} ${JSON.stringify(body)}`)
      if (status >= 400) t.truthy(body.reason, `${row.route} of ${raw}: ${status}`)
    })
    await Promise.all(answers)
  }
  for (const path of ['/_compare', '/_repair', '/cell/_follower'])
    t.like(await admin(path.endsWith('_follower') ? 'PUT' : 'POST', path, { json: {} }), {
      status: 400,
      body: { error: 'bad_request', reason: 'Missing replicator database' },
    })
})

/** Functions of design documents take whatever there is. */
function takesJson({ route }: Row): boolean {
  return /^(PUT|POST) /.test(route) && !/_(show|list|update|rewrite)/.test(route)
}

function requestOf({ route, request }: Row, cell: Cell): { readonly path: string } {
  const [, path = ''] = route.split(' ')
  const names: Readonly<Record<string, string>> = { db: cell.db, node: '_local' }
  return request?.(cell) ?? { path: path.replace(/[:*](\w+)/g, (_, name: string) => names[name] ?? 'x') }
}

/**
 * Every route gets an object and every member wrong values. All kinds for all of them are tried by `npm run fuzz`; else each gets
 * some kinds, taking turns, so that all together get all.
 */
function bodiesOf({ route }: Row, place: number): unknown[] {
  const request = REQUESTS[route] ?? {}
  return [
    ...new Set([{}, ...some(WRONG, place)]),
    ...Object.keys(request).flatMap((name, index) =>
      some(VALUES, place + index).map(value => ({ ...request, [name]: value })),
    ),
  ]
}

const AT_A_TIME = process.env.FUZZ_RUNS === undefined ? 2 : Infinity

function some(values: readonly unknown[], from: number): unknown[] {
  const count = Math.min(AT_A_TIME, values.length)
  return Array.from({ length: count }, (_, n) => values[(from + n) % values.length])
}
