import { isIP } from 'node:net'
import type { IncomingMessage } from 'node:http'
import type { Config } from '../../config/config.ts'
import { AddressList } from './address-list.ts'
import { connectionEnds } from './forwarded-request.ts'

type PeerRequest = Pick<IncomingMessage, 'socket' | 'headers'>

/**
 * Returns the client's address: that of the connection or, where it comes from a proxy of `[couchette] trusted_proxies`,
 * the last address of `X-Forwarded-For` that is no such proxy. Anybody else's header says nothing, as it would let
 * clients choose under which address their failed logins are counted.
 */
export function peerOf(req: PeerRequest, config: Config): string {
  const address = plainAddress(connectionEnds(req).remoteAddress ?? '')
  const header = req.headers['x-forwarded-for']
  if (header === undefined) return address
  const proxies = trustedProxies(config.list('couchette', 'trusted_proxies'))
  if (!proxies.has(address)) return address
  const entries = (typeof header === 'string' ? header : header.join(',')).split(',').map(plainAddress)
  const client = entries.findLast(entry => !proxies.has(entry))
  return client !== undefined && isIP(client) !== 0 ? client : address
}

let known: { readonly entries: readonly string[]; readonly proxies: AddressList } | undefined

/** The configuration hands out the same list until it changes. */
function trustedProxies(entries: readonly string[]): AddressList {
  if (known?.entries !== entries) known = { entries, proxies: new AddressList(entries) }
  return known.proxies
}

/** Returns an address without port, brackets and the form that IPv4 has on an IPv6 socket. */
function plainAddress(text: string): string {
  const trimmed = text.trim().replace(/^::ffff:(?=\d+\.)/i, '')
  const [, bracketed] = /^\[([^\]]*)\](?::\d+)?$/.exec(trimmed) ?? []
  return bracketed ?? trimmed.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
}
