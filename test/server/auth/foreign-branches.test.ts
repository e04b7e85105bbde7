import test from 'ava'
import { addUser, ADMIN, type SecuredServer, securedServer } from '../../helpers/secured-server.ts'

/**
 * Attacks by whoever may write to an open `_users`: a revision that competes with a user's document locks the user out
 * of it, and could bring other roles with it.
 */
const OPEN = 'couchdb/default_security=everyone'
const ID = 'org.couchdb.user:ann'
const DOC = `/_users/${ID}`

const foreign = (name: string, members: object = {}) => ({
  _id: `org.couchdb.user:${name}`,
  _rev: '9-ffffffffffffffffffffffffffffffff',
  name,
  type: 'user',
  roles: [],
  password: 'stolen',
  ...members,
})

type Attack = (
  secured: SecuredServer,
  who: string | undefined,
  doc: object,
) => Promise<{ status: number; refused: boolean }>

const ATTACKS: readonly (readonly [title: string, attack: Attack])[] = [
  [
    'PUT ?new_edits=false',
    async ({ as }, who, doc) => {
      const { status } = await as(who)('PUT', `${DOC}?new_edits=false`, { json: doc })
      return { status, refused: status >= 400 }
    },
  ],
  [
    '_bulk_docs',
    async ({ as }, who, doc) => {
      const { status, body } = await as<unknown[]>(who)('POST', '/_users/_bulk_docs', {
        json: { new_edits: false, docs: [doc] },
      })
      return { status, refused: status >= 400 || (Array.isArray(body) && body.length === 1) }
    },
  ],
  [
    'multipart',
    async ({ as }, who, doc) => {
      const attachments = { a: { content_type: 'text/plain', length: 1, follows: true } }
      const raw = [
        '--x',
        'content-type: application/json',
        '',
        JSON.stringify({ ...doc, _attachments: attachments }),
        '--x',
        '',
        'A',
        '--x--',
        '',
      ].join('\r\n')
      const { status } = await as(who)('PUT', `${DOC}?new_edits=false`, {
        raw,
        headers: { 'content-type': 'multipart/related; boundary="x"' },
      })
      return { status, refused: status >= 400 }
    },
  ],
]

const VARIANTS: readonly (readonly [title: string, members: object])[] = [
  ['of a higher generation', {}],
  ['of the same generation', { _rev: '1-ffffffffffffffffffffffffffffffff' }],
  ['that is deleted', { _deleted: true }],
  ['with an unknown ancestor', { _revisions: { start: 9, ids: ['f'.repeat(32), 'e'.repeat(32)] } }],
]

for (const [title, attack] of ATTACKS) {
  for (const [variant, members] of VARIANTS) {
    test(`a branch ${variant} on a user's document is refused by ${title}`, async t => {
      const secured = await securedServer(t, OPEN)
      const rev = await addUser(secured, 'ann')
      await addUser(secured, 'eve')
      for (const who of [undefined, 'eve:secret', 'ann:secret']) {
        const { refused } = await attack(secured, who, foreign('ann', members))
        t.true(refused, `${who}`)
      }
      const { body } = await secured.admin('GET', `${DOC}?conflicts=true&deleted_conflicts=true`)
      t.is(body._rev, rev)
      t.deepEqual([body._conflicts, body._deleted_conflicts], [undefined, undefined])
      t.is((await secured.as('ann:secret')('GET', '/_session')).status, 200)
      t.is((await secured.as('ann:stolen')('GET', '/_session')).status, 401)
    })
  }
}

test('no document of _users locks an administrator of the configuration out', async t => {
  const { as, admin } = await securedServer(t, OPEN)
  const path = '/_users/org.couchdb.user:admin?new_edits=false'
  for (const _rev of ['1-a', '2-b', '3-c']) {
    await as(undefined)('PUT', path, { json: foreign('admin', { _rev }) })
    t.like((await as(ADMIN)('GET', '/_session')).body, { userCtx: { name: 'admin' } })
  }
  // Not even a conflict that an administrator replicates in.
  for (const _rev of ['8-a', '8-b']) {
    t.is(
      (await admin('PUT', path, { json: foreign('admin', { _rev, totp: { key: 'JBSWY3DPEHPK3PXP' } }) }))
        .status,
      201,
    )
  }
  const { status, body } = await as(ADMIN)('GET', '/_session')
  t.is(status, 200)
  t.like(body, { userCtx: { name: 'admin', roles: ['_admin'] } })
  const login = await as(undefined)('POST', '/_session', { json: { name: 'admin', password: 'pass' } })
  t.is(login.status, 200)
  t.is((await as('admin:stolen')('GET', '/_session')).status, 401)
})

test('two revisions of a new user document in one request make no conflict', async t => {
  const { as, admin } = await securedServer(t, OPEN)
  const docs = ['1-a', '1-b', '1-c'].map(_rev => foreign('ann', { _rev }))
  const { body } = await as<{ error: string }[]>(undefined)('POST', '/_users/_bulk_docs', {
    json: { new_edits: false, docs },
  })
  t.deepEqual(
    body.map(({ error }) => error),
    ['forbidden', 'forbidden'],
  )
  t.is((await admin('GET', `${DOC}?conflicts=true`)).body._conflicts, undefined)
})

test('users replicate new revisions of their own document in', async t => {
  const secured = await securedServer(t, OPEN)
  const rev = await addUser(secured, 'ann')
  const ids = ['a'.repeat(32), 'b'.repeat(32), rev.slice(2)]
  const json = foreign('ann', { _rev: `3-${ids[0]}`, _revisions: { start: 3, ids }, password: 'other' })
  t.is((await secured.as('ann:secret')('PUT', `${DOC}?new_edits=false`, { json })).status, 201)
  t.is((await secured.as('ann:other')('GET', '/_session')).status, 200)
})

test("a user's replication leaves no branch on another's document", async t => {
  const secured = await securedServer(t, OPEN)
  const rev = await addUser(secured, 'ann')
  await addUser(secured, 'eve')
  await secured.admin('PUT', '/evil')
  await secured.admin('PUT', '/evil/_security', { json: {} })
  await secured.as('eve:secret')('POST', '/evil/_bulk_docs', {
    json: { new_edits: false, docs: [foreign('ann', { password: undefined, salt: 'x', derived_key: 'x' })] },
  })
  const json = { source: 'evil', target: '_users' }
  await secured.as('eve:secret')('POST', '/_replicate', { json })
  const { body } = await secured.admin('GET', `${DOC}?conflicts=true`)
  t.is(body._rev, rev)
  t.is(body._conflicts, undefined)
})

test('an old version that was deleted does not bring its roles back', async t => {
  const secured = await securedServer(t, OPEN)
  const { admin, as } = secured
  await addUser(secured, 'ann')
  // A conflict that was resolved: the losing branch, deleted with its members in place, had a role.
  const losing = { _rev: '1-0000', roles: ['staff'], password: undefined, _deleted: true }
  await admin('PUT', `${DOC}?new_edits=false`, { json: foreign('ann', losing) })
  const revived = foreign('ann', { _rev: '1-0000', roles: ['staff'], password: 'secret' })
  const { status } = await as('ann:secret')('PUT', DOC, { json: revived })
  t.true(status === 403 || status === 409, `${status}`)
  t.like((await as('ann:secret')('GET', '/_session')).body, { userCtx: { roles: [] } })
})

test('[chttpd_auth] allow_conflicted_user_docs lets users in whose document is in conflict', async t => {
  const secured = await securedServer(t)
  await addUser(secured, 'ann')
  const losing = foreign('ann', { _rev: `1-${'0'.repeat(32)}`, password: 'old' })
  await secured.admin('PUT', `${DOC}?new_edits=false`, { json: losing })
  const session = (password: string) => secured.as(`ann:${password}`)('GET', '/_session')
  t.regex(String((await session('secret')).body.reason), /^User document conflicts must be resolved/)
  const path = '/_node/_local/_config/chttpd_auth/allow_conflicted_user_docs'
  await secured.admin('PUT', path, { json: 'true' })
  t.is((await session('secret')).status, 200)
  t.is((await session('old')).status, 401)
})
