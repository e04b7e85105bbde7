import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import test from 'ava'
import { SignJWT } from 'jose'
import { parseBasic } from '../../../server/auth/login/basic.ts'
import { parseHandlers } from '../../../server/auth/handlers.ts'
import { endOfJwt, type JwtSettings, userOfJwt } from '../../../server/auth/tokens/jwt.ts'
import { userOfProxy } from '../../../server/auth/tokens/proxy.ts'
import {
  findSessionCookie,
  formatSetCookie,
  isSignedWith,
  makeSessionCookie,
  parseSessionCookie,
  timeOf,
} from '../../../server/auth/sessions/session-cookie.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const secret = Buffer.alloc(32, 7)
const pem = (key: typeof rsa.publicKey) =>
  key.export({ type: 'spki', format: 'pem' }).toString().replaceAll('\n', '\\n')

const SETTINGS: JwtSettings = {
  keys: new Map([
    ['hmac:_default', secret.toString('base64')],
    ['rsa:one', pem(rsa.publicKey)],
    ['ec:two', pem(ec.publicKey)],
  ]),
  requiredClaims: 'exp',
  rolesClaimPath: '',
  rolesClaimName: '_couchdb.roles',
}

const CLAIMS = { sub: 'ann', '_couchdb.roles': ['staff'] }
const later = () => Math.floor(Date.now() / 1000) + 60

const TAKEN: [title: string, header: { alg: string; kid?: string }, key: Parameters<SignJWT['sign']>[0]][] = [
  ['HS256', { alg: 'HS256' }, secret],
  ['RS256', { alg: 'RS256', kid: 'one' }, rsa.privateKey],
  ['ES256', { alg: 'ES256', kid: 'two' }, ec.privateKey],
]
for (const [title, header, key] of TAKEN) {
  test(`a token signed with ${title} proves its user`, async t => {
    const token = await new SignJWT({ ...CLAIMS, exp: later() }).setProtectedHeader(header).sign(key)
    const user = { name: 'ann', roles: ['staff'], authenticated: 'jwt' }
    t.deepEqual(await userOfJwt(`Bearer ${token}`, SETTINGS), user)
  })
}

test('a token says itself when it is over', async t => {
  const sign = (claims: Record<string, unknown>) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret)
  const exp = later()
  t.is(endOfJwt(`Bearer ${await sign({ ...CLAIMS, exp })}`), exp * 1000)
  t.is(endOfJwt(`Bearer ${await sign(CLAIMS)}`), Infinity)
})

/** As CouchDB signs: the digest that the algorithm names, whatever the key's curve. */
function signOnAnyCurve(algorithm: string, claims: object, key: KeyObject, padding = 0): string {
  const signed = `${encode({ alg: algorithm, kid: 'two' })}.${encode(claims)}`
  const options = { key, dsaEncoding: 'ieee-p1363' } as const
  const signature = createSign(`sha${algorithm.slice(2)}`)
    .update(signed)
    .sign(options)
  const half = signature.length / 2
  const pad = Buffer.alloc(padding)
  const parts = [pad, signature.subarray(0, half), pad, signature.subarray(half)]
  return `${signed}.${Buffer.concat(parts).toString('base64url')}`
}

test('a token may be signed on another curve than its algorithm has', async t => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const settings = { ...SETTINGS, keys: new Map([['ec:two', pem(other.publicKey)]]) }
  const read = (token: string) => userOfJwt(`Bearer ${token}`, settings)
  const claims = { ...CLAIMS, exp: later() }
  for (const algorithm of ['ES256', 'ES384', 'ES512']) {
    const user = await read(signOnAnyCurve(algorithm, claims, other.privateKey))
    t.is(user?.name, 'ann', algorithm)
  }
  t.is((await read(signOnAnyCurve('ES512', claims, other.privateKey, 18)))?.name, 'ann', 'padded')
  const over = signOnAnyCurve('ES256', { ...CLAIMS, exp: 1 }, other.privateKey)
  await t.throwsAsync(() => read(over), { message: /exp not in future/ })
  const forged = signOnAnyCurve('ES256', claims, ec.privateKey)
  await t.throwsAsync(() => read(forged), { message: /Bad signature/ })
  const early = signOnAnyCurve('ES512', { ...claims, nbf: later() }, other.privateKey)
  await t.throwsAsync(() => read(early), { message: /nbf not in past/ })
})

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const sign = (claims: object, header = { alg: 'HS256' }, key: Parameters<SignJWT['sign']>[0] = secret) =>
  new SignJWT({ ...claims }).setProtectedHeader(header).sign(key)

const REFUSED: [title: string, token: () => Promise<string> | string, message: string][] = [
  [
    'without algorithm',
    () => `${encode({ alg: 'none' })}.${encode(CLAIMS)}.`,
    'bad_request: Invalid alg header parameter',
  ],
  [
    'with an inherited name as algorithm',
    () => `${encode({ alg: 'toString' })}.${encode(CLAIMS)}.`,
    'bad_request: Invalid alg header parameter',
  ],
  ['without header', () => `${encode({})}.${encode(CLAIMS)}.x`, 'bad_request: Missing alg header parameter'],
  ['of two parts', () => 'a.b', 'bad_request: Malformed token'],
  ['of nothing that is JSON', () => 'a.b.c', 'bad_request: Malformed token'],
  [
    'signed with another secret',
    () => sign({ ...CLAIMS, exp: later() }, undefined, Buffer.alloc(32, 8)),
    'bad_request: Bad HMAC',
  ],
  ['cut short', async () => (await sign({ ...CLAIMS, exp: later() })).slice(0, -5), 'bad_request: Bad HMAC'],
  [
    'of an unknown key',
    () => sign({ ...CLAIMS, exp: later() }, { alg: 'HS256', kid: 'x' } as never),
    'bad_request: Unknown kid',
  ],
  ['that is over', () => sign({ ...CLAIMS, exp: 1 }), 'unauthorized: exp not in future'],
  [
    'that is not yet valid',
    () => sign({ ...CLAIMS, exp: later(), nbf: later() }),
    'unauthorized: nbf not in past',
  ],
  ['without a required claim', () => sign(CLAIMS), 'bad_request: Missing exp claim'],
  ['that names nobody', () => sign({ exp: later() }), 'unauthorized: Token missing sub claim.'],
  [
    'with roles that are no strings',
    () => sign({ sub: 'ann', exp: later(), '_couchdb.roles': [1] }),
    'bad_request: Malformed token',
  ],
]
for (const [title, token, message] of REFUSED) {
  test(`a token ${title} is refused`, async t => {
    await t.throwsAsync(userOfJwt(`Bearer ${await token()}`, SETTINGS), { message })
  })
}

test('a public key does not serve as a secret', async t => {
  const forged = await sign(
    { ...CLAIMS, exp: later() },
    { alg: 'HS256', kid: 'one' } as never,
    Buffer.from(pem(rsa.publicKey)),
  )
  await t.throwsAsync(userOfJwt(`Bearer ${forged}`, SETTINGS), { message: 'bad_request: Unknown kid' })
})

test('roles are found under a path, and may be one string', async t => {
  const settings = { ...SETTINGS, rolesClaimPath: 'access.a\\.b.roles', requiredClaims: '{iss, "me"}' }
  const token = await sign({ sub: 'ann', iss: 'me', access: { 'a.b': { roles: 'x, y' } } })
  t.deepEqual((await userOfJwt(`Bearer ${token}`, settings))?.roles, ['x', 'y'])
  for (const [access, message] of [
    [{}, 'not_found: missing json key: a.b'],
    [['a.b'], 'not_found: json_mismatch'],
  ] as const) {
    const lost = userOfJwt(`Bearer ${await sign({ sub: 'ann', iss: 'me', access })}`, settings)
    await t.throwsAsync(lost, { message })
  }
  const other = await sign({ sub: 'ann', iss: 'you' })
  await t.throwsAsync(userOfJwt(`Bearer ${other}`, settings), { message: 'bad_request: Invalid iss claim' })
})

test('Basic credentials are read; other schemes are ignored', t => {
  const basic = (text: string) => parseBasic(`Basic ${Buffer.from(text).toString('base64')}`)
  t.deepEqual(basic('ann:a:b'), { name: 'ann', password: 'a:b' })
  t.deepEqual(basic('ünï:pässword'), { name: 'ünï', password: 'pässword' })
  for (const header of [undefined, 'Basic', 'Basic: YTpi', 'Bearer x', 'Basic dXNlcg==', 'Basic Xzpf']) {
    t.is(parseBasic(header), undefined)
  }
  for (const header of ['Basic !!!', 'Basic YQ', 'Basic YTpi=']) t.throws(() => parseBasic(header))
})

test('a session cookie is signed, and only its own key opens it', t => {
  const value = makeSessionCookie('ann:x', 1_795_231_000, 'key', ['sha256', 'sha'])
  const cookie = parseSessionCookie(makeSessionCookie('ann', 1_795_231_000, 'key', ['sha']))
  t.is(cookie.name, 'ann')
  t.is(timeOf(cookie), 1_795_231_000)
  t.true(isSignedWith(cookie, 'key', ['sha256', 'sha']))
  t.false(isSignedWith(cookie, 'key', ['sha256']))
  t.false(isSignedWith(cookie, 'key2', ['sha256', 'sha']))
  for (const algorithm of ['sha512', 'sha3_256', 'blake2s', 'blake2b']) {
    const other = parseSessionCookie(makeSessionCookie('ann', 1_795_231_000, 'key', [algorithm, 'sha']))
    t.true(isSignedWith(other, 'key', [algorithm]))
    t.false(isSignedWith(other, 'key', ['sha']), algorithm)
  }
  t.false(isSignedWith({ ...cookie, mac: cookie.mac.subarray(1) }, 'key', ['sha']))
  t.false(isSignedWith(parseSessionCookie(value), 'key', []))
  for (const bad of ['nonsense', '%%%', 'YQ', 'YTpi', ' ']) t.throws(() => parseSessionCookie(bad))
})

test('the session cookie is found among others', t => {
  t.is(findSessionCookie('a=1; AuthSession="x=y" ; b=2'), 'x=y')
  for (const header of [undefined, 'Other=1', 'AuthSession=', 'XAuthSession=1', '; ;'])
    t.is(findSessionCookie(header), undefined)
})

test("Set-Cookie has mochiweb's order and date", t => {
  const attributes = {
    persistent: true,
    timeoutSeconds: 600,
    domain: 'example.com',
    sameSite: 'strict',
    secure: true,
  }
  t.is(
    formatSetCookie('x', attributes, Date.UTC(2026, 10, 21, 3, 11, 52)),
    'AuthSession=x; Version=1; Expires=Sat, 21-Nov-2026 03:21:52 GMT; Max-Age=600; Secure; Domain=example.com; Path=/; HttpOnly; SameSite=Strict',
  )
  t.is(
    formatSetCookie('', { persistent: false, timeoutSeconds: 600, domain: '', sameSite: '', secure: false }),
    'AuthSession=; Version=1; Path=/; HttpOnly',
  )
})

test("a proxy's word is taken when it is signed, or needs no signature", t => {
  const headers = { name: 'ann', roles: 'a, b', token: 'dead' }
  const settings = { useSecret: true, secret: 'key', algorithms: ['sha256', 'sha'], coversRoles: false }
  t.is(userOfProxy(headers, settings), undefined)
  t.is(userOfProxy({ ...headers, token: undefined }, { ...settings, secret: '' }), undefined)
  // echo -n ann | openssl dgst -sha1 -hmac key
  const token = 'ca39a16b20ba1ec9960f71a238a1aaa762e46c95'
  t.like(userOfProxy({ ...headers, token }, settings), { name: 'ann', authenticated: 'proxy' })
  t.like(userOfProxy(headers, { ...settings, useSecret: false }), { name: 'ann', roles: ['a', 'b'] })
  // Computed with Python: hmac over b"ann\na, b" under hkdf(sha256, b"key", info=b"couchette proxy token").
  const covering = 'dfdf4b5194bd3ad78268179cdf9c3343eceb3611b3765b38c768944610095e35'
  const strict = { ...settings, coversRoles: true }
  t.like(userOfProxy({ ...headers, token: covering }, strict), { roles: ['a', 'b'] })
  t.is(userOfProxy({ ...headers, roles: '_admin', token: covering }, strict), undefined)
  t.is(userOfProxy({ ...headers, name: 'ann\na', token: covering }, strict), undefined)
  t.is(userOfProxy({ ...headers, token }, strict), undefined)
})

for (const [text, names, unknown] of [
  [
    '{chttpd_auth, jwt_authentication_handler}, {couch_httpd_auth, null_authentication_handler}, {chttpd_auth, cookie_authentication_handler}',
    ['jwt', 'cookie'],
    ['null_authentication_handler'],
  ],
  ['cookie_authentication_handler,default_authentication_handler', ['cookie', 'default'], []],
  ['{chttpd_auth, delegated_handler}', ['cookie', 'default'], ['delegated_handler']],
  ['{chttpd_auth, toString}, nonsense', ['cookie', 'default'], ['toString', 'nonsense']],
  ['xcookie_authentication_handler', ['cookie', 'default'], ['xcookie_authentication_handler']],
  ['', ['cookie', 'default'], []],
] as const) {
  test(`handlers are read in their order, and unknown ones passed over: ${text}`, t => {
    const handlers = parseHandlers(text)
    t.deepEqual([handlers.names, handlers.unknown], [names, unknown])
  })
}
