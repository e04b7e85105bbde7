import test from 'ava'
import { publicUrl } from '../../../protocol/replication-endpoint.ts'
import { ownDatabase } from '../../../server/replication/own-url.ts'

const LOOPBACK = { address: '127.0.0.1', port: 5984 }

const OWN: Record<string, readonly [url: string, bound?: { address: string; port: number }]> = {
  'the bound address': ['http://127.0.0.1:5984/db/'],
  'the bound address written otherwise': ['http://127.1:5984/db/'],
  'loopback of a server on all addresses': ['http://127.0.0.1:5984/db/', { address: '0.0.0.0', port: 5984 }],
  'IPv6 loopback of a server on all addresses': ['http://[::1]:5984/db/', { address: '::', port: 5984 }],
  'the port that needs no name': ['http://127.0.0.1/db/', { address: '127.0.0.1', port: 80 }],
}

for (const [what, [url, bound = LOOPBACK]] of Object.entries(OWN)) {
  test(`a URL is the server's own: ${what}`, t => t.is(ownDatabase(url, bound), 'db'))
}

const OTHERS: Record<string, readonly [url: string, bound?: { address: string; port: number }]> = {
  'a name may lead anywhere': ['http://localhost:5984/db/'],
  'another address of this machine': ['http://127.0.0.2:5984/db/'],
  'another family': ['http://[::1]:5984/db/'],
  'another port': ['http://127.0.0.1:5985/db/'],
  TLS: ['https://127.0.0.1:5984/db/'],
  'any other machine': ['http://192.0.2.1:5984/db/', { address: '0.0.0.0', port: 5984 }],
  'a path below a database': ['http://127.0.0.1:5984/a/b/'],
  'no path': ['http://127.0.0.1:5984/'],
}

for (const [what, [url, bound = LOOPBACK]] of Object.entries(OTHERS)) {
  test(`a URL is not surely the server's own: ${what}`, t => t.is(ownDatabase(url, bound), undefined))
}

const SHOWN: Record<string, string> = {
  'http://u:secret@far/db/': 'http://far/db/',
  'http://u:p@secret@far/db/': 'http://far/db/',
  'http://u:1/secret@far/db/': 'http://far/db/',
  'http://u:secret/x@far/db/': 'http://far/db/',
  'http://u:secret?x@far/db/': 'http://far/db/',
  'http://far/db?token=secret': 'http://far/db',
  'http://far/db#secret': 'http://far/db',
  '//u:secret@far/db': '//far/db',
  'socks5://u:secret@far:1080': 'socks5://far:1080',
  'HTTP://u:secret@Far:80/db/': 'HTTP://Far:80/db/',
  'http://far/db%2Fx/': 'http://far/db%2Fx/',
  '/elsewhere': '/elsewhere',
}

for (const [url, shown] of Object.entries(SHOWN)) {
  test(`a URL is shown without what it may keep secret: ${url}`, t => t.is(publicUrl(url), shown))
}
