import test from 'ava'
import { PasswordHasher } from '../../../server/passwords/hasher.ts'
import { addUser, securedServer } from '../../helpers/secured-server.ts'

/** Attacks by a user's own document, whose numbers say how much the server computes at a login. */

const DOC = '/_users/org.couchdb.user:eve'
const HASH = { password_scheme: 'pbkdf2', pbkdf2_prf: 'sha256', derived_key: 'a'.repeat(64) }
const eve = { name: 'eve', type: 'user', roles: [] }

const COSTLY: readonly (readonly [title: string, members: object])[] = [
  ['a billion iterations', { ...HASH, salt: 's', iterations: 999_999_999 }],
  ['iterations that are no integer', { ...HASH, salt: 's', iterations: 1.5 }],
  ['no iterations', { ...HASH, salt: 's', iterations: 0 }],
  ['an endless salt', { ...HASH, salt: 's'.repeat(1_000_000), iterations: 10 }],
  ['an empty salt', { ...HASH, salt: '', iterations: 10 }],
  ['a salt of zeros', { ...HASH, salt: '\0\0', iterations: 10 }],
  ['tokens of a gigabyte', { totp: { key: 'JBSWY3DPEHPK3PXP', length: 500_000_000 } }],
  ['tokens of no digits', { totp: { key: 'JBSWY3DPEHPK3PXP', length: 0 } }],
  ['tokens of -5 digits', { totp: { key: 'JBSWY3DPEHPK3PXP', length: -5 } }],
  ['an endless key for tokens', { totp: { key: 'A'.repeat(4_000_000) } }],
]

for (const [title, members] of COSTLY) {
  test(`${title} are refused from users, and cost nothing where an administrator stored them`, async t => {
    const secured = await securedServer(t, 'couchdb/default_security=everyone')
    const { as, admin } = secured
    const json = { ...eve, ...members }
    t.is((await as(undefined)('PUT', DOC, { json })).status, 403, 'signing up')
    const _rev = await addUser(secured, 'eve')
    t.is((await as('eve:secret')('PUT', DOC, { json: { ...json, _rev } })).status, 403, 'changing')
    await admin('PUT', DOC, { json: { ...json, _rev, password: 'totp' in json ? 'secret' : undefined } })
    const started = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        as(undefined)('POST', '/_session', { json: { name: 'eve', password: 'secret', token: '000000' } }),
      ),
    )
    for (const { status } of answers) t.true(status === 401 || status === 403, `${status}`)
    t.true(performance.now() - started < 30_000)
  })
}

test('iterations within the bound still log in, and what the configuration asks for always does', async t => {
  const secured = await securedServer(
    t,
    'couchette/max_password_iterations=5',
    'chttpd_auth/upgrade_hash_on_auth=false',
  )
  await addUser(secured, 'ann')
  t.is((await secured.as('ann:secret')('GET', '/_session')).status, 200)
  await addUser(secured, 'bob')
  await secured.admin('PUT', '/_node/_local/_config/chttpd_auth/iterations', { json: '4' })
  const { status, body } = await secured.as('bob:secret')('GET', '/_session')
  t.is(status, 403)
  t.is(body.reason, 'Iteration count is too high for this server')
})

test('a hasher that is closed refuses what waits', async t => {
  const hasher = new PasswordHasher()
  const settings = { scheme: 'pbkdf2', prf: 'sha256', iterations: 200_000 } as const
  const hashes = Promise.allSettled(Array.from({ length: 20 }, () => hasher.hash('x', settings, 'a')))
  hasher.close()
  const statuses = (await hashes).map(({ status }) => status)
  t.deepEqual(statuses.slice(0, 2), ['fulfilled', 'fulfilled'])
  t.is(statuses.filter(status => status === 'rejected').length, 18)
  await t.throwsAsync(hasher.hash('x', settings, 'a'), { message: /busy/ })
})

test('nothing of an older hash stays when a password is hashed again', async t => {
  const secured = await securedServer(t)
  const { admin, as } = secured
  const older = {
    ...eve,
    password_scheme: 'simple',
    salt: 'salt',
    // echo -n secretsalt | sha1sum
    password_sha: '8152bc582f58c854f580cb101d3182813dec4afe',
    preserve_salt: true,
    colour: 'red',
  }
  await admin('PUT', DOC, { json: older })
  t.is((await as('eve:secret')('GET', '/_session')).status, 200)
  const read = async () => (await admin('GET', DOC)).body
  while ((await read()).password_scheme === 'simple') await new Promise(resolve => setTimeout(resolve, 50))
  const { _id, _rev, ...upgraded } = await read()
  t.like(upgraded, { password_scheme: 'pbkdf2', salt: 'salt', colour: 'red' })
  t.deepEqual([upgraded.password_sha, upgraded.preserve_salt], [undefined, undefined])
  await admin('PUT', DOC, { json: { ...older, _rev, password: 'new' } })
  const { password_sha: sha, salt } = await read()
  t.is(sha, undefined)
  t.not(salt, 'salt')
})

test("the upgrade of a hash leaves a user's own change under the known revision in peace", async t => {
  const secured = await securedServer(t, 'couchdb/default_security=everyone')
  const rev = await addUser(secured, 'eve')
  await secured.admin('PUT', '/_node/_local/_config/chttpd_auth/iterations', { json: '20' })
  const ann = secured.as('eve:secret')
  const { body } = await ann('GET', DOC)
  t.is(body._rev, rev)
  await new Promise(resolve => setTimeout(resolve, 100))
  t.is((await ann('PUT', DOC, { json: { ...body, colour: 'red' } })).status, 201)
})
