import { isIP } from 'node:net'
import { AddressList } from '../http/connection/address-list.ts'

/** Connections to them reach this machine, as those to its loopback addresses do. */
const UNSPECIFIED = new AddressList(['0.0.0.0', '::'])
const LOOPBACK = ['127.0.0.1', '::1']

/** The hosts that replications may reach: `[couchette] replication_allowed_hosts` and `replication_denied_hosts`. */
export class HostRules {
  readonly #allowed: HostList | undefined
  readonly #denied: HostList

  /** @param allowed names, `*.` with the end of names, addresses and networks; empty for all but what is denied */
  constructor(allowed: readonly string[], denied: readonly string[]) {
    this.#allowed = allowed.length === 0 ? undefined : new HostList(allowed)
    this.#denied = new HostList(denied)
  }

  /**
   * Returns whether a host may be reached.
   *
   * @param hostname as a URL has it
   * @param address that the name leads to; undefined while it is not known, when a name is denied only by itself
   */
  allows(hostname: string, address?: string): boolean {
    const name = hostname.toLowerCase().replace(/^\[|\]$|\.$/g, '')
    const at = isIP(name) === 0 ? address : name
    if (this.#denied.has(name, at)) return false
    if (at !== undefined && UNSPECIFIED.has(at) && LOOPBACK.some(one => this.#denied.has(name, one)))
      return false
    if (this.#allowed === undefined || this.#allowed.has(name, at)) return true
    // The address, which is not known yet, may be in a network that is allowed.
    return at === undefined && this.#allowed.hasAddresses
  }
}

class HostList {
  readonly hasAddresses: boolean
  readonly #addresses: AddressList
  readonly #names: ReadonlySet<string>
  readonly #ends: readonly string[]

  constructor(entries: readonly string[]) {
    this.#addresses = new AddressList(entries)
    const names = this.#addresses.others.map(name => name.toLowerCase())
    this.hasAddresses = names.length < entries.length
    this.#names = new Set(names)
    this.#ends = names.filter(name => name.startsWith('*.')).map(name => name.slice(1))
  }

  has(name: string, address: string | undefined): boolean {
    if (this.#names.has(name) || this.#ends.some(end => name.endsWith(end))) return true
    return address !== undefined && this.#addresses.has(address)
  }
}
