import { createHmac } from 'node:crypto'
import test from 'ava'
import type { Answer } from '../../helpers/http.ts'
import { addUser, type SecuredServer, securedServer } from '../../helpers/secured-server.ts'

/** Attacks on passwords and tokens by guessing, many at a time and under borrowed addresses. */

const LOCKED = 'Account is temporarily locked due to multiple authentication failures'
const KEY = 'JBSWY3DPEHPK3PXP'

function countByStatus(answers: readonly Answer<unknown>[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

const login = ({ as }: SecuredServer, json: object, headers: Record<string, string> = {}) =>
  as(undefined)('POST', '/_session', { json, headers })

/** The tokens that are right now: of the last step, this one and the next. */
function tokensNow(): string[] {
  const key = Buffer.from('Hello!\xde\xad\xbe\xef', 'latin1')
  return [-1, 0, 1].map(offset => {
    const counter = Buffer.alloc(8)
    counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + offset))
    const mac = createHmac('sha1', key).update(counter).digest()
    return String(mac.readUInt32BE((mac.at(-1) ?? 0) & 0xf) & 0x7fffffff)
      .padStart(10, '0')
      .slice(-6)
  })
}

async function addTotpUser(secured: SecuredServer, name: string, totp: object): Promise<void> {
  const json = { name, type: 'user', roles: [], password: 'secret', totp }
  const { status } = await secured.admin('PUT', `/_users/org.couchdb.user:${name}`, { json })
  if (status !== 201) throw new Error(`no user: ${status}`)
}

for (const [title, guess] of [
  ['Basic', ({ as }: SecuredServer, n: number) => as(`ann:wrong${n}`)('GET', '/_session')],
  ['_session', (secured: SecuredServer, n: number) => login(secured, { name: 'ann', password: `wrong${n}` })],
] as const) {
  test(`sixty guesses at the same time get no further than five, by ${title}`, async t => {
    const secured = await securedServer(t, 'chttpd_auth/iterations=20000')
    await addUser(secured, 'ann')
    const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => guess(secured, n)))
    t.deepEqual(countByStatus(answers), { 401: 5, 403: 55 })
    t.is((await secured.as('ann:secret')('GET', '/_session')).body.reason, LOCKED)
  })
}

test('sixty connections with the right password at the same time are all let in', async t => {
  const secured = await securedServer(t, 'chttpd_auth/iterations=20000')
  await addUser(secured, 'ann')
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => secured.as('ann:secret')('GET', '/_session')),
  )
  t.deepEqual(countByStatus(answers), { 200: 60 })
})

test('an address that floods with wrong passwords does not keep another one from logging in', async t => {
  const secured = await securedServer(
    t,
    'chttpd_auth/iterations=100000',
    'chttpd_auth_lockout/mode=off',
    'couchette/trusted_proxies=127.0.0.1',
  )
  await addUser(secured, 'ann')
  const from = (address: string) => ({ 'x-forwarded-for': address })
  const flood = Array.from({ length: 120 }, (_, n) =>
    login(secured, { name: 'ann', password: `wrong${n}` }, from('10.0.0.1')),
  )
  // As soon as the first of the flood is refused, the queue is full of it.
  t.is(
    (
      await Promise.any(
        flood.map(async one => ((await one).status === 503 ? one : Promise.reject(new Error()))),
      )
    ).status,
    503,
  )
  const other = await login(secured, { name: 'ann', password: 'secret' }, from('10.0.0.2'))
  t.is(other.status, 200)
  const counts = countByStatus(await Promise.all(flood))
  t.is((counts[401] ?? 0) + (counts[503] ?? 0), 120)
})

test('X-Forwarded-For neither avoids the lockout nor locks others out', async t => {
  const secured = await securedServer(t)
  await addUser(secured, 'ann')
  const from = (address: string, password: string) =>
    login(secured, { name: 'ann', password }, { 'x-forwarded-for': address })
  for (let n = 0; n < 5; n++) t.is((await from(`192.0.2.${n}`, `wrong${n}`)).status, 401)
  t.is((await from('192.0.2.99', 'secret')).status, 403)
})

test('behind a trusted proxy the last address that is no proxy counts', async t => {
  const secured = await securedServer(t, 'couchette/trusted_proxies=127.0.0.1, 10.0.0.0/8')
  await addUser(secured, 'ann')
  const from = (address: string, password: string) =>
    login(secured, { name: 'ann', password }, { 'x-forwarded-for': address })
  for (let n = 0; n < 5; n++) {
    t.is((await from(`203.0.113.${n}, 192.0.2.1, 10.1.2.3`, `wrong${n}`)).status, 401)
  }
  t.is((await from('192.0.2.1', 'secret')).status, 403)
  t.is((await from('192.0.2.1:4711, 10.9.9.9', 'secret')).status, 403)
  t.is((await from('192.0.2.2', 'secret')).status, 200)
  t.is((await from('nonsense', 'secret')).status, 200)
})

test('guesses at a token lock the name as guesses at a password do', async t => {
  const secured = await securedServer(t)
  await addTotpUser(secured, 'ann', { key: KEY })
  const wrong = Array.from({ length: 9 }, (_, n) => String(n).repeat(6)).filter(
    one => !tokensNow().includes(one),
  )
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      login(secured, { name: 'ann', password: 'secret', token: wrong[n % wrong.length] }),
    ),
  )
  t.deepEqual(countByStatus(answers), { 401: 5, 403: 55 })
  t.is((await login(secured, { name: 'ann', password: 'secret', token: tokensNow()[1] })).status, 403)
})

test('a token is taken once, also when it is sent many times at once', async t => {
  const secured = await securedServer(t, 'chttpd_auth_lockout/mode=off')
  await addTotpUser(secured, 'ann', { key: KEY })
  const json = { name: 'ann', password: 'secret', token: tokensNow()[2] }
  const answers = await Promise.all(Array.from({ length: 20 }, () => login(secured, json)))
  t.deepEqual(countByStatus(answers), { 200: 1, 401: 19 })
  t.is((await login(secured, { ...json, token: tokensNow()[0] })).status, 401)
})

test('Basic tells those without a token nothing about the password', async t => {
  const secured = await securedServer(t)
  await addTotpUser(secured, 'ann', { key: KEY })
  for (let n = 0; n < 20; n++) {
    t.is((await secured.as(n % 2 === 0 ? 'ann:secret' : 'ann:wrong')('GET', '/_session')).status, 401)
  }
})
