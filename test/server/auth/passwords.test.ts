import test from 'ava'
import { PasswordHasher } from '../../../server/passwords/hasher.ts'
import { Lockout } from '../../../server/auth/login/lockout.ts'
import { networkOf } from '../../../server/auth/login/network.ts'
import { formatAdminPassword, parseAdminPassword } from '../../../server/passwords/stored-password.ts'
import { stepOfToken, TotpCheck } from '../../../server/auth/login/totp.ts'
import { userOfDocument } from '../../../server/auth/user-record.ts'
import { VerifiedPasswords } from '../../../server/auth/login/verified-passwords.ts'

const hasher = new PasswordHasher()

/** RFC 6070 (SHA-1) and its usual extension to SHA-256: "password", "salt". */
const VECTORS: [text: string, password: string][] = [
  ['-pbkdf2-0c60c80f961f0e71f3a9b524af6012062fe037a6,salt,1', 'password'],
  ['-pbkdf2:sha-4b007901b765489abead49d926f721d065a429c1,salt,4096', 'password'],
  ['-pbkdf2:sha256-c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a,salt,4096', 'password'],
  ['-hashed-c88e9c67041a74e0357befdff93f87dde0904214,salt', 'password'],
]

for (const [text, password] of VECTORS) {
  test(`${text.slice(0, 24)}… is the hash of its password and of no other`, async t => {
    const stored = parseAdminPassword(text)
    if (stored === undefined) return t.fail()
    t.true(await hasher.verify(password, stored, 'a'))
    t.false(await hasher.verify(`${password}x`, stored, 'a'))
  })
}

test('a plain password is no hash', t => {
  for (const text of ['password', '-pbkdf2', '-pbkdf2:md5-aa,b,1', '-hashed-xyz,salt', '']) {
    t.is(parseAdminPassword(text), undefined)
  }
})

test('a new hash has a salt of its own and is read back', async t => {
  const settings = { scheme: 'pbkdf2', prf: 'sha512', iterations: 3 } as const
  const [first, second] = await Promise.all([
    hasher.hash('x', settings, 'a'),
    hasher.hash('x', settings, 'a'),
  ])
  t.not(first.salt, second.salt)
  t.deepEqual(parseAdminPassword(formatAdminPassword(first)), first)
})

test('hashes that would wait behind too many others are refused', async t => {
  const small = new PasswordHasher(() => ({ waiting: 1, waitingPerOwner: 1 }))
  const settings = { scheme: 'pbkdf2', prf: 'sha256', iterations: 20_000 } as const
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => small.hash('x', settings, 'a')))
  t.deepEqual(
    results.map(result => result.status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
  )
})

test('a document without a password that can be checked lets nobody in', t => {
  const of = (document: Record<string, unknown>) => userOfDocument('ann', '1-a', document).password
  t.is(of({ password_scheme: 'pbkdf2', salt: 's', iterations: 10 }), undefined)
  t.is(of({ password_scheme: 'pbkdf2', salt: 's', derived_key: 'aa', pbkdf2_prf: 'md5' }), undefined)
  t.is(of({ password_scheme: 'pbkdf2', salt: 's', derived_key: 'aa', iterations: -1 }), undefined)
  t.is(of({ password_scheme: 'plain', password: 'x' }), undefined)
  t.is(of({}), undefined)
  const [sha, hash] = ['a'.repeat(40), { password_scheme: 'pbkdf2', derived_key: 'a'.repeat(40) }]
  t.like(of({ salt: 's', password_sha: sha }), { scheme: 'simple' })
  t.like(of({ ...hash, salt: 's' }), { prf: 'sha', iterations: 10_000 })
  for (const salt of [undefined, '', '\0', '\0\0', 's'.repeat(1025)]) {
    t.is(of({ ...hash, salt }), undefined)
    t.is(of({ salt, password_sha: sha }), undefined)
  }
  t.is(of({ ...hash, salt: 's', derived_key: 'a'.repeat(42) }), undefined)
  t.is(of({ salt: 's', password_sha: 'a'.repeat(42) }), undefined)
})

test('a name is locked for an address after five failures, and free again after five minutes', t => {
  let now = 1_000
  const settings = {
    mode: 'enforce',
    threshold: 5,
    maxObjects: 100,
    maxLifetimeMs: 300_000,
    maxWaiting: 1,
  } as const
  const lockout = new Lockout(
    () => settings,
    () => now,
  )
  const attempt = { peer: '1.2.3.4', name: 'ann', salt: 's' }
  for (let failure = 0; failure < 5; failure++) {
    t.is(lockout.state(attempt), 'free')
    lockout.failed(attempt)
  }
  t.is(lockout.state(attempt), 'locked')
  t.is(lockout.state({ ...attempt, peer: '1.2.3.5' }), 'free')
  t.is(lockout.state({ ...attempt, salt: 'new' }), 'free')
  now = 301_001
  t.is(lockout.state(attempt), 'free')
})

test('failures that are remembered are bounded', t => {
  const settings = {
    mode: 'enforce',
    threshold: 1,
    maxObjects: 2,
    maxLifetimeMs: 1000,
    maxWaiting: 1,
  } as const
  const lockout = new Lockout(() => settings)
  const attempts = ['a', 'b', 'c'].map(name => ({ peer: 'p', name, salt: '' }))
  for (const attempt of attempts) lockout.failed(attempt)
  t.deepEqual(
    attempts.map(attempt => lockout.state(attempt)),
    ['free', 'locked', 'locked'],
  )
})

test('a verified password is known until another one is stored', t => {
  const verified = new VerifiedPasswords(() => 1000)
  const stored = { scheme: 'simple', salt: 's', sha: 'aa' } as const
  t.is(verified.check('ann', 'x', stored), undefined)
  verified.add('ann', 'x', stored)
  t.true(verified.check('ann', 'x', { ...stored }))
  t.false(verified.check('ann', 'y', stored))
  t.is(verified.check('ann', 'x', { ...stored, salt: 't' }), undefined)
  t.is(verified.check('bob', 'x', stored), undefined)
})

test('a second factor is right for its step and the ones beside it', t => {
  // RFC 6238, appendix B: SHA-1, 59 s, eight digits.
  const totp = { key: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', algorithm: 'sha', length: 8 }
  t.is(stepOfToken(totp, '94287082', 59_000), 1)
  t.is(stepOfToken(totp, '94287082', 89_000), 1)
  t.is(stepOfToken(totp, '94287082', 120_000), undefined)
  t.is(stepOfToken(totp, '', 59_000), undefined)
  for (const wrong of [
    { key: '' },
    { key: '!' },
    { key: 'A'.repeat(2000) },
    { length: 0 },
    { length: 5e8 },
  ]) {
    t.is(stepOfToken({ ...totp, ...wrong }, '94287082', 59_000), undefined, JSON.stringify(wrong))
  }
})

test('a token is taken once, and an older one not after it', t => {
  let now = 59_000
  const check = new TotpCheck(() => now)
  const totp = { key: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', algorithm: 'sha', length: 8 }
  t.true(check.take('ann', totp, '94287082'))
  t.false(check.take('ann', totp, '94287082'))
  t.true(check.take('bob', totp, '94287082'))
  now = 89_000
  t.false(check.take('ann', totp, '94287082'))
})

test('a token is not taken twice because the wall clock was set', t => {
  let now = 59_000
  const check = new TotpCheck(
    () => now,
    () => 1,
  )
  const totp = { key: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', algorithm: 'sha', length: 8 }
  t.true(check.take('ann', totp, '94287082'))
  // An hour ahead, where it is over and another one is tried, and back again.
  now += 3_600_000
  t.false(check.take('ann', totp, '94287082'))
  now -= 3_600_000
  t.false(check.take('ann', totp, '94287082'))
})

test('as many guesses are under way as may fail', async t => {
  const settings = {
    mode: 'enforce',
    threshold: 2,
    maxObjects: 9,
    maxLifetimeMs: 1e6,
    maxWaiting: 1,
  } as const
  const lockout = new Lockout(() => settings)
  const attempt = { peer: 'p', name: 'ann', salt: '' }
  const first = await lockout.begin(attempt)
  const second = await lockout.begin(attempt)
  const third = lockout.begin(attempt)
  await t.throwsAsync(lockout.begin(attempt), { message: /busy/ })
  t.truthy(await lockout.begin({ ...attempt, name: 'bob' }))
  first?.end('right')
  const admitted = await third
  t.truthy(admitted)
  second?.end('wrong')
  admitted?.end('wrong')
  t.is(await lockout.begin(attempt), undefined)
})

for (const [one, other, same] of [
  ['2001:db8:1:2:3:4:5:6', '2001:0db8:1:2::1', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['::1', '::2', true],
  ['2001:db8::1', '2001:0db8:0:0:ffff::2', true],
  ['2001:db8::1', '2001:db8:0:1::1', false],
  ['fe80::1%eth0', 'fe80::2', true],
  ['::ffff:10.0.0.1', '::ffff:10.0.0.2', false],
  ['10.0.0.1', '10.0.0.2', false],
] as const) {
  test(`${one} and ${other} are ${same ? 'one network' : 'two networks'} to whoever counts their requests or guesses`, t => {
    t.is(networkOf(one) === networkOf(other), same)
  })
}
