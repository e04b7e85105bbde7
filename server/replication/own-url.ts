import type { ReplicationEndpoint } from '../../protocol/replication-endpoint.ts'
import { decodeSegment } from '../http/request/percent.ts'

/** Address at which this server listens without TLS. */
export interface BoundAddress {
  /** As the operating system names it: "127.0.0.1", "::1"; "0.0.0.0" and "::" are all addresses. */
  readonly address: string
  readonly port: number
}

/** Loopback addresses for servers that listen on all addresses; `::` takes IPv4 too. */
const ON_ALL: Readonly<Record<string, readonly string[]>> = {
  '0.0.0.0': ['0.0.0.0', '127.0.0.1'],
  '::': ['::', '::1', '0.0.0.0', '127.0.0.1'],
}
const HTTP_PORT = 80

/**
 * Returns the database of this server that a URL addresses, undefined where that is not certain. Only an address in
 * digits that equals the one the server is bound to is certain: a name (also "localhost"), another address of this
 * machine or TLS may lead elsewhere, and are reached over HTTP as any client would.
 */
export function ownDatabase(text: string, bound: BoundAddress): string | undefined {
  const { protocol, hostname, port, pathname } = new URL(text)
  if (protocol !== 'http:' || Number(port || HTTP_PORT) !== bound.port) return undefined
  const address = hostname.replace(/^\[|\]$/g, '')
  if (!(ON_ALL[bound.address] ?? [bound.address]).includes(address)) return undefined
  const segment = /^\/([^/]+)\/?$/.exec(pathname)?.[1]
  return segment === undefined ? undefined : decodeSegment(segment)
}

/** Returns the database of this server that an endpoint addresses; behind a proxy the same address is another machine's. */
export function ownDatabaseOf(
  { url, proxy, stream }: ReplicationEndpoint,
  bound: BoundAddress,
): string | undefined {
  return stream === undefined && proxy === undefined ? ownDatabase(url, bound) : undefined
}
