import { BlockList, isIPv4 } from 'node:net'
import type { IncomingMessage } from 'node:http'

/** Addresses of proxies: from these the last entry of `X-Forwarded-For` is taken for the client (mochiweb's rule). */
const PROXIES = new BlockList()
PROXIES.addSubnet('10.0.0.0', 8)
PROXIES.addSubnet('172.16.0.0', 12)
PROXIES.addSubnet('192.168.0.0', 16)
PROXIES.addSubnet('127.0.0.0', 8)

/** The client's address. */
export function peerOf(req: Pick<IncomingMessage, 'socket' | 'headers'>): string {
  const address = (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  const header = req.headers['x-forwarded-for']
  if (header === undefined || !isProxy(address)) return address
  const entries = typeof header === 'string' ? header : header.join(',')
  return entries.slice(entries.lastIndexOf(',') + 1).trim() || address
}

function isProxy(address: string): boolean {
  return address === '::1' || (isIPv4(address) && PROXIES.check(address))
}
