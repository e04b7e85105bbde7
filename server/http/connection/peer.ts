import { BlockList, isIP, isIPv4 } from 'node:net'
import type { IncomingMessage } from 'node:http'
import type { Config } from '../../config/config.ts'

type PeerRequest = Pick<IncomingMessage, 'socket' | 'headers'>

/**
 * Returns the client's address: that of the connection or, where it comes from a proxy of `[couchette] trusted_proxies`,
 * the last address of `X-Forwarded-For` that is no such proxy. Anybody else's header says nothing, as it would let
 * clients choose under which address their failed logins are counted.
 */
export function peerOf(req: PeerRequest, config: Config): string {
  const address = plainAddress(req.socket.remoteAddress ?? '')
  const header = req.headers['x-forwarded-for']
  if (header === undefined) return address
  const proxies = trustedProxies(config.list('couchette', 'trusted_proxies'))
  if (!proxies.has(address)) return address
  const entries = (typeof header === 'string' ? header : header.join(',')).split(',').map(plainAddress)
  const client = entries.findLast(entry => !proxies.has(entry))
  return client !== undefined && isIP(client) !== 0 ? client : address
}

/** Addresses that are trusted to say for whom they ask. */
export class Proxies {
  /** Entries that are neither an address nor a network. */
  readonly malformed: readonly string[]
  readonly #list = new BlockList()

  /** @param entries addresses and networks: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8` */
  constructor(entries: readonly string[]) {
    this.malformed = entries.filter(entry => !this.#add(entry))
  }

  has(address: string): boolean {
    if (isIP(address) === 0) return false
    return this.#list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
  }

  #add(entry: string): boolean {
    const [, address = '', bits] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(entry) ?? []
    const version = isIP(address)
    const most = version === 4 ? 32 : 128
    if (version === 0 || Number(bits ?? most) > most) return false
    this.#list.addSubnet(address, Number(bits ?? most), version === 4 ? 'ipv4' : 'ipv6')
    return true
  }
}

let known: { readonly entries: readonly string[]; readonly proxies: Proxies } | undefined

/** The configuration hands out the same list until it changes. */
function trustedProxies(entries: readonly string[]): Proxies {
  if (known?.entries !== entries) known = { entries, proxies: new Proxies(entries) }
  return known.proxies
}

/** Returns an address without port, brackets and the form that IPv4 has on an IPv6 socket. */
function plainAddress(text: string): string {
  const trimmed = text.trim().replace(/^::ffff:(?=\d+\.)/i, '')
  const [, bracketed] = /^\[([^\]]*)\](?::\d+)?$/.exec(trimmed) ?? []
  return bracketed ?? trimmed.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
}
