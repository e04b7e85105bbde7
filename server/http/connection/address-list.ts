import { BlockList, isIP, isIPv4 } from 'node:net'

/** A list of addresses and networks, as settings have it. */
export class AddressList {
  /** Entries that are neither an address nor a network. */
  readonly others: readonly string[]
  readonly #list = new BlockList()

  /** @param entries addresses and networks: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8` */
  constructor(entries: readonly string[]) {
    this.others = entries.filter(entry => !this.#add(entry))
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
