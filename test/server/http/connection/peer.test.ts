import test from 'ava'
import type { Config } from '../../../../server/config/config.ts'
import { peerOf } from '../../../../server/http/connection/peer.ts'

type Peer = Parameters<typeof peerOf>[0]

/** The client's address of a request from an address, with an `X-Forwarded-For`, for the proxies that are trusted. */
function client(from: string, forwarded: string | string[] | undefined, proxies: string[]): string {
  const socket = { remoteAddress: from, remotePort: 1, localAddress: '127.0.0.1', localPort: 2 }
  const request = { socket, headers: { 'x-forwarded-for': forwarded } } as unknown as Peer
  return peerOf(request, { list: () => proxies } as unknown as Config)
}

const PROXIES = ['10.0.0.0/8', '192.0.2.7', 'fd00::/8']

test('the header of whoever is no proxy says nothing', t => {
  t.is(client('203.0.113.9', '198.51.100.1', PROXIES), '203.0.113.9')
  t.is(client('203.0.113.9', '198.51.100.1', []), '203.0.113.9')
  t.is(client('10.0.0.1', undefined, PROXIES), '10.0.0.1')
})

test('behind proxies the client is the last address that is none of them', t => {
  t.is(client('10.0.0.1', '198.51.100.1', PROXIES), '198.51.100.1')
  t.is(client('::ffff:10.0.0.1', '198.51.100.1', PROXIES), '198.51.100.1')
  t.is(client('10.0.0.1', 'made up, 198.51.100.1', PROXIES), '198.51.100.1')
  t.is(client('10.0.0.1', '203.0.113.1, 198.51.100.1, 192.0.2.7,10.9.9.9', PROXIES), '198.51.100.1')
  t.is(client('fd00::1', '203.0.113.1, 2001:db8::1, fd12::5', PROXIES), '2001:db8::1')
  t.is(client('10.0.0.1', ['203.0.113.1', '198.51.100.1, 10.0.0.2'], PROXIES), '198.51.100.1')
  t.is(client('10.0.0.1', '[2001:db8::1]:4711', PROXIES), '2001:db8::1')
  t.is(client('10.0.0.1', '198.51.100.1:4711', PROXIES), '198.51.100.1')
  t.is(client('10.0.0.1', '::ffff:198.51.100.1', PROXIES), '198.51.100.1')
})

test('an address that is malformed, or only proxies, counts as the connection’s', t => {
  for (const forwarded of [
    '',
    ',',
    ' , ,',
    'unknown',
    '198.51.100.1, unknown',
    '198.51.100.1, 10.0.0.999',
    '198.51.100.1, 1.2.3',
    '198.51.100.1,',
    '198.51.100.1, <script>',
    '198.51.100.1, [2001:db8::1',
    '198.51.100.1, 0x7f.1',
    '10.0.0.5, 192.0.2.7',
    'x'.repeat(60_000),
  ]) {
    t.is(client('10.0.0.1', forwarded, PROXIES), '10.0.0.1', forwarded.slice(0, 40))
  }
})
