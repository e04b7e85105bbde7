import { lookup as systemLookup } from 'node:dns'
import { lookup as resolve } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Returns whether a host may be reached.
 *
 * @param address that its name leads to; undefined before that is known
 */
export type HostGuard = (hostname: string, address?: string) => boolean

/** The code of the error for a name without an address that may be reached. */
export const HOST_DENIED = 'EHOSTDENIED'

/**
 * Returns a `lookup` for `net.connect` that leaves out the addresses which may not be reached. What is checked is what is
 * connected to: a name that leads elsewhere the next time it is asked for gains nothing.
 */
export function guardedLookup(allows: HostGuard): LookupFunction {
  return (hostname, options, callback) => {
    systemLookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, '')
        return
      }
      const addresses = found.filter(({ address }) => allows(hostname, address))
      const [first] = addresses
      if (first === undefined) callback(denied(hostname), '')
      else if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

/** Milliseconds for which a name may be looked up before anything is asked of it. */
const LOOKUP_MS = 5_000

/**
 * Returns whether a name leads to addresses none of which may be reached. A name that cannot be looked up, or not soon, is
 * not denied here: what it is connected to is looked at then.
 */
export async function leadsToDenied(hostname: string, allows: HostGuard): Promise<boolean> {
  if (!allows(hostname)) return true
  const found = resolve(hostname.replace(/^\[|\]$/g, ''), { all: true }).catch(() => [])
  const late = sleep(LOOKUP_MS, [] as Awaited<typeof found>, { ref: false })
  const addresses = await Promise.race([found, late])
  return addresses.length > 0 && addresses.every(({ address }) => !allows(hostname, address))
}

function denied(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} may not be reached`), { code: HOST_DENIED })
}
