import { basic, get, type HostileRequest } from './raw-request.ts'

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const cookie = (value: string) => `Cookie: AuthSession=${value}\r\n`
const session = (text: string) => Buffer.from(text, 'latin1').toString('base64url')

/** Cookies, tokens and passwords that are not what they should be. */
export const HOSTILE_CREDENTIALS: readonly HostileRequest[] = [
  {
    title: 'a forged cookie',
    bytes: get('/db', cookie(session(`admin:7FFFFFFF:${'x'.repeat(32)}`))),
    expected: [401],
  },
  {
    title: 'a cookie that is over',
    bytes: get('/db', cookie(session(`admin:1:${'x'.repeat(32)}`))),
    expected: [401],
  },
  {
    title: 'a cookie from the far future',
    bytes: get('/db', cookie(session(`admin:FFFFFFFFFFFF:${'x'.repeat(32)}`))),
    expected: [401],
  },
  { title: 'a truncated cookie', bytes: get('/db', cookie('YWRt')), expected: [400] },
  { title: 'a cookie of nonsense', bytes: get('/db', cookie('%00%ff!')), expected: [400] },
  { title: 'an endless cookie', bytes: get('/db', cookie('A'.repeat(50_000))), expected: [400] },
  {
    title: 'a cookie that names a prototype',
    bytes: get('/db', cookie(session(`__proto__:7FFFFFFF:${'x'.repeat(32)}`))),
    expected: [401],
  },
  {
    title: 'a token without algorithm',
    bytes: get(
      '/db',
      `Authorization: Bearer ${base64url({ alg: 'none' })}.${base64url({ sub: 'admin' })}.\r\n`,
    ),
    expected: [400],
  },
  {
    title: 'a token of dots',
    bytes: get('/db', `Authorization: Bearer ${'.'.repeat(1000)}\r\n`),
    expected: [400],
  },
  {
    title: 'a null byte in the name',
    bytes: get('/db', `Authorization: ${basic('admin\0:pass')}\r\n`),
    expected: [401],
  },
  {
    title: 'a name that is no UTF-8',
    bytes: get('/db', `Authorization: Basic ${Buffer.from([0xff, 0x3a, 0x61]).toString('base64')}\r\n`),
    expected: [401],
  },
  {
    title: 'a name that is a path',
    bytes: get('/db', `Authorization: ${basic('../../admin:pass')}\r\n`),
    expected: [401],
  },
  {
    title: 'an endless password',
    bytes: get('/db', `Authorization: ${basic(`admin:${'p'.repeat(40_000)}`)}\r\n`),
    expected: [401],
  },
  {
    title: 'roles by a header',
    bytes: get('/_all_dbs', 'X-Auth-CouchDB-UserName: admin\r\nX-Auth-CouchDB-Roles: _admin\r\n'),
    expected: [401],
  },
  {
    title: 'our own internal header',
    bytes: get('/_all_dbs', `X-Couchette-Internal: x.${base64url({ name: 'admin', roles: ['_admin'] })}\r\n`),
    expected: [401],
  },
]
