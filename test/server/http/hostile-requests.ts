import { gzipSync } from 'node:zlib'
import { HOSTILE_CREDENTIALS } from './hostile-credentials.ts'
import { ADMIN_HEADER, get, send, type HostileRequest } from './raw-request.ts'

/** Bytes that unpack to 300 MB: gzip members follow one another. */
const MEMBER = gzipSync(Buffer.alloc(1024 * 1024, 'a'))
const BOMB = Buffer.concat([gzipSync('{"a":"'), ...Array.from({ length: 300 }, () => MEMBER), gzipSync('"}')])

export const HOSTILE: readonly HostileRequest[] = [
  ...HOSTILE_CREDENTIALS,
  // Paths
  { title: 'a path out of the root', bytes: get('/../../../../etc/passwd'), expected: [404] },
  {
    title: 'an escaped path out of the root',
    bytes: get('/..%2f..%2f..%2fetc%2fpasswd'),
    expected: [400, 404],
  },
  {
    title: 'a database outside of the directory',
    bytes: send('PUT', '/..%2f..%2fevil', ''),
    expected: [400],
  },
  { title: 'a database with a null byte', bytes: send('PUT', '/evil%00', ''), expected: [400] },
  { title: 'a database with a line break', bytes: send('PUT', '/evil%0d%0aX-Evil:1', ''), expected: [400] },
  { title: 'a document that is no UTF-8', bytes: get('/db/%ff%fe'), expected: [400, 404] },
  { title: 'an overlong encoding of a slash', bytes: get('/db/%c0%af'), expected: [400, 404] },
  { title: 'a document with a null byte', bytes: send('PUT', '/db/a%00b', '{}'), expected: [201] },
  {
    title: 'an attachment outside of the directory',
    bytes: send('PUT', '/db/att/..%2f..%2f..%2fevil.txt', 'x'),
    expected: [201],
  },
  { title: 'an attachment with a null byte', bytes: send('PUT', '/db/att2/a%00b', 'x'), expected: [201] },
  { title: 'a thousand slashes', bytes: get(`/db/doc/${'a/'.repeat(5000)}`), expected: [404] },
  { title: 'an absolute address', bytes: get('http://evil.example/_all_dbs', ''), expected: [401] },
  { title: 'an asterisk', bytes: get('*', ADMIN_HEADER, 'OPTIONS'), expected: [400, 404, 405] },
  {
    title: 'a redirect with a line break',
    bytes: send('POST', '/_session?next=/x%0d%0aSet-Cookie:a=b', '{"name":"admin","password":"pass"}'),
    expected: [400],
  },
  {
    title: 'a redirect to elsewhere',
    bytes: send('POST', '/_session?next=https://evil.example/', '{"name":"admin","password":"pass"}'),
    expected: [400],
  },

  // The wire
  { title: 'a head of 100 kB', bytes: get('/', `X-Long: ${'x'.repeat(100_000)}\r\n`), expected: [431] },
  { title: 'an address of 100 kB', bytes: get(`/${'x'.repeat(100_000)}`), expected: [431] },
  { title: 'an unknown method', bytes: get('/', '', 'EVIL'), expected: [400] },
  { title: 'a method that nobody takes', bytes: get('/db', ADMIN_HEADER, 'PATCH'), expected: [405] },
  {
    title: 'two lengths',
    bytes: 'POST /db HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
    expected: [400],
  },
  {
    title: 'a length and chunks',
    bytes: 'POST /db HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    expected: [400],
  },
  {
    title: 'a negative length',
    bytes: 'POST /db HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    expected: [400],
  },
  { title: 'no host', bytes: 'GET / HTTP/1.1\r\n\r\n', expected: [400] },
  { title: 'an unknown expectation', bytes: get('/', 'Expect: evil\r\n'), expected: [417] },
  {
    title: 'bytes that are no HTTP',
    bytes: Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff, 0x01, 0x00, 0x0d, 0x0a, 0x0d, 0x0a]),
    expected: [400],
  },
  {
    title: 'bytes that unpack to 300 MB',
    bytes: send('POST', '/db', BOMB, 'Content-Encoding: gzip\r\n'),
    expected: [413],
  },
  {
    title: 'invalid gzip',
    bytes: send('POST', '/db', 'not gzip', 'Content-Encoding: gzip\r\n'),
    expected: [400],
  },
  {
    title: 'an encoding that is not known',
    bytes: send('POST', '/db', '{}', 'Content-Encoding: br\r\n'),
    expected: [415],
  },

  // Bodies
  {
    title: 'arrays 100,000 deep',
    bytes: send('POST', '/db', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    expected: [201],
  },
  {
    title: 'objects 100,000 deep',
    bytes: send('PUT', '/db/deep', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
    expected: [201],
  },
  { title: 'reading that depth', bytes: get('/db/deep'), expected: [200] },
  { title: 'listing that depth', bytes: get('/db/_all_docs?include_docs=true'), expected: [200] },
  {
    title: 'a selector 100,000 deep',
    bytes: send('POST', '/db/_find', `{"selector":${'{"$not":'.repeat(100_000)}{}${'}'.repeat(100_000)}}`),
    expected: [413],
  },
  {
    title: 'a security object 100,000 deep',
    bytes: send('PUT', '/db/_security', `{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    expected: [200],
  },
  {
    title: 'a prototype',
    bytes: send(
      'PUT',
      '/db/proto',
      '{"a":{"__proto__":{"polluted":true}},"constructor":{"prototype":{"polluted":true}}}',
    ),
    expected: [201],
  },
  {
    title: 'a prototype as a security object',
    bytes: send(
      'PUT',
      '/db/_security',
      '{"__proto__":{"members":{"names":[]}},"members":{"roles":["_admin"]}}',
    ),
    expected: [200],
  },
  {
    title: 'a prototype as a section',
    bytes: send('PUT', '/_node/_local/_config/__proto__/polluted', '"true"'),
    expected: [200, 400],
  },
  {
    title: 'a setting that would be two',
    bytes: send('PUT', '/_node/_local/_config/x/y', '"1\\n[admins]\\nevil = evil"'),
    expected: [400],
  },
  {
    title: 'a setting that runs programs',
    bytes: send('PUT', '/_node/_local/_config/query_servers/evil', '"/bin/sh"'),
    expected: [403],
  },
  { title: 'half a surrogate pair', bytes: send('POST', '/db', '{"a":"\\ud800"}'), expected: [400] },
  {
    title: 'a number of 100,000 digits',
    bytes: send('PUT', '/db/digits', `{"a":${'9'.repeat(100_000)}}`),
    expected: [201, 400],
  },
  {
    title: 'a number of 8,000,000 digits',
    bytes: send('PUT', '/db/digits2', `{"a":${'9'.repeat(7_900_000)}}`),
    expected: [400],
  },
  {
    title: 'a thousand numbers of 8,000 digits, among invalid revisions',
    bytes: send(
      'POST',
      '/db/_bulk_docs',
      `{"docs":[{"a":[${Array(1000).fill('9'.repeat(8000)).join()}],"b":{"new_edits":false}}]}`,
    ),
    expected: [400],
  },
  {
    title: 'a revision of one document, asked for 10,000 times',
    bytes: send('POST', '/db/_bulk_get', JSON.stringify({ docs: Array(10_000).fill({ id: 'doc' }) })),
    expected: [200],
  },
  {
    title: 'a choice of 5,000',
    bytes: send(
      'POST',
      '/db/_find',
      JSON.stringify({ selector: { $or: Array.from({ length: 5000 }, (_, n) => ({ [`f${n}`]: n })) } }),
    ),
    expected: [200],
  },
  {
    title: 'a pattern of a thousand choices',
    bytes: send('POST', '/db/_find', JSON.stringify({ selector: { _id: { $regex: 'x?'.repeat(1000) } } })),
    expected: [200],
  },
  {
    title: 'an exponent without end',
    bytes: send('PUT', '/db/exponent', '{"a":1e999999999}'),
    expected: [400],
  },
  {
    title: '200,000 members',
    bytes: send(
      'PUT',
      '/db/members',
      `{${Array.from({ length: 200_000 }, (_, n) => `"${n * 4_294_967}":0`).join(',')}}`,
    ),
    expected: [201],
  },
  {
    title: 'a revision with a line break',
    bytes: send('PUT', '/db/rev?new_edits=false', '{"_rev":"1-a\\r\\nX: y"}'),
    expected: [201, 400],
  },
  { title: 'reading it', bytes: get('/db/rev'), expected: [200, 404] },
  {
    title: 'a revision beyond Latin-1',
    bytes: send('PUT', '/db/rev2?new_edits=false', '{"_rev":"1-€"}'),
    expected: [201, 400],
  },
  { title: 'reading that', bytes: get('/db/rev2'), expected: [200, 404] },
  {
    title: 'a type with a line break',
    bytes: send(
      'PUT',
      '/db/type',
      '{"_attachments":{"a":{"content_type":"text/html\\r\\nX-Evil: 1","data":"eA=="}}}',
    ),
    expected: [201, 400],
  },
  { title: 'reading its attachment', bytes: get('/db/type/a'), expected: [200, 404] },
  {
    title: 'documents that are no objects',
    bytes: send('POST', '/db/_bulk_docs', '{"docs":[null,1,[],"x"]}'),
    expected: [400],
  },
  {
    title: 'a name that is no string',
    bytes: send('POST', '/_session', '{"name":{"$ne":null},"password":{"$ne":null}}'),
    expected: [400, 401],
  },
  {
    title: 'a user who would be an administrator',
    bytes: send(
      'PUT',
      '/_users/org.couchdb.user:evil',
      '{"name":"evil","type":"user","roles":["_admin"],"password":"x"}',
    ),
    expected: [403],
  },
]
