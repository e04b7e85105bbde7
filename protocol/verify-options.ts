import { badParameter, badReplication } from './replication-error.ts'

/** Comparison of source and target on an interval, of a continuous replication. Not in CouchDB. */
export interface VerifyOptions {
  readonly intervalMs: number
  /** Replicates the documents that stay different. */
  readonly repair: boolean
}

/** Timers of Node.js that are longer end at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1

type Members = Readonly<Record<string, unknown>>

const MEMBERS = ['interval', 'repair']

/**
 * Parses `verify: {"interval": seconds, "repair": true}`; `repair` may also stand beside `verify`.
 *
 * @throws ReplicationSyntaxError with the reason
 */
export function parseVerify(body: Members, continuous: boolean): { verify?: VerifyOptions } {
  const { verify, repair } = body
  if (verify === undefined) {
    if (repair !== undefined) throw badReplication('`repair` needs `verify`, which finds what to repair')
    return {}
  }
  if (typeof verify !== 'object' || verify === null || Array.isArray(verify)) {
    throw badParameter('verify', 'an object: {"interval": seconds}')
  }
  if (!continuous)
    throw badReplication('`verify` needs `continuous`: what has ended is compared by `_compare`')
  const { interval, repair: inside, ...others } = verify as Members
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) {
    throw badReplication(`\`verify\` takes no \`${unknown}\`, only ${MEMBERS.join(', ')}`)
  }
  if (typeof interval !== 'number' || !Number.isSafeInteger(interval) || interval < 1) {
    throw badParameter('verify.interval', 'a number of seconds, an integer from 1')
  }
  const repairs = [flag('repair', repair), flag('verify.repair', inside)]
  return { verify: { intervalMs: Math.min(interval * 1000, MAX_TIMER_MS), repair: repairs.includes(true) } }
}

function flag(name: string, value: unknown = false): boolean {
  if (typeof value !== 'boolean') throw badParameter(name, 'a boolean')
  return value
}
