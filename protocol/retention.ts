import { fail } from './errors.ts'

/** Rules of a database for what it forgets by itself. A rule that is absent does nothing. */
export interface Retention {
  /** Age in seconds from which tombstones are purged that every peer has seen. */
  readonly purge_tombstones_older_than?: number
  /** Seconds for which a peer may leave changes unfetched before tombstones no longer wait for it. Absent: without end. */
  readonly forget_peers_after?: number
  /** Member of documents that tells when they are deleted, see `expiryOf`. */
  readonly expires_field?: string
}

const AGES = ['purge_tombstones_older_than', 'forget_peers_after'] as const
const MEMBERS: readonly string[] = [...AGES, 'expires_field']
const MOST_FIELD_BYTES = 256
/** Ages beyond are mistakes: a thousand years. */
const MOST_SECONDS = 31_536_000_000

/**
 * Parses the body of `PUT /{db}/_retention`. A member that is null is as absent.
 *
 * @throws `bad_request` with the member that is wrong
 */
export function parseRetention(value: unknown): Retention {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw fail('badRequest', '`_retention` must be a JSON object')
  const given = Object.entries(value).filter(([, member]) => member !== null)
  const unknown = given.find(([name]) => !MEMBERS.includes(name))
  if (unknown !== undefined) throw fail('badRequest', `\`${unknown[0]}\` is no member of \`_retention\``)
  const retention = Object.fromEntries(given) as Record<string, unknown>
  for (const name of AGES) requireAge(name, retention[name])
  requireField(retention['expires_field'])
  return retention
}

function requireAge(name: string, value: unknown): void {
  if (value === undefined) return
  const isAge = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
  if (!isAge || value > MOST_SECONDS)
    throw fail('badRequest', `\`${name}\` must be a whole number of seconds from 0 to ${MOST_SECONDS}`)
}

function requireField(value: unknown): void {
  if (value === undefined) return
  const isName = typeof value === 'string' && value !== '' && !value.startsWith('_')
  if (!isName || Buffer.byteLength(value) > MOST_FIELD_BYTES)
    throw fail(
      'badRequest',
      `\`expires_field\` must be the name of a member that does not begin with _, of at most ${MOST_FIELD_BYTES} bytes`,
    )
}

/** RFC 3339: a date and a time with its offset. */
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:\d{2})$/
/** The last moment that six bytes tell, in the year 10889: what is later never comes. */
const LAST_MS = 2 ** 48 - 1

/**
 * Returns the moment from which a document is deleted, in milliseconds since 1970.
 *
 * @param value of the field: seconds since 1970, which may have a fraction, or a date and time as in RFC 3339
 * @returns undefined for everything else: such a document never expires
 */
export function expiryOf(value: unknown): number | undefined {
  if (typeof value === 'number') {
    const ms = Math.max(0, Math.ceil(value * 1000))
    return ms <= LAST_MS ? ms : undefined
  }
  if (typeof value !== 'string' || !DATE_TIME.test(value)) return undefined
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
