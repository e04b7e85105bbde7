/** A password as it is kept: never the password itself. */
export type StoredPassword = Pbkdf2Password | SimplePassword

export interface Pbkdf2Password {
  readonly scheme: 'pbkdf2'
  readonly prf: Prf
  readonly salt: string
  readonly iterations: number
  /** Lower-case hex. */
  readonly derivedKey: string
}

/** SHA-1 over password and salt: of databases older than CouchDB 1.3, accepted so that they can be moved. */
export interface SimplePassword {
  readonly scheme: 'simple'
  readonly salt: string
  /** Lower-case hex. */
  readonly sha: string
}

/** CouchDB's names of digests, with those of Node and the bytes they make. */
export const PRFS = {
  sha: { digest: 'sha1', bytes: 20 },
  sha224: { digest: 'sha224', bytes: 28 },
  sha256: { digest: 'sha256', bytes: 32 },
  sha384: { digest: 'sha384', bytes: 48 },
  sha512: { digest: 'sha512', bytes: 64 },
} as const

export type Prf = keyof typeof PRFS

export function isPrf(name: unknown): name is Prf {
  return typeof name === 'string' && Object.hasOwn(PRFS, name)
}

const PBKDF2_ADMIN = /^-pbkdf2(?::(sha(?:224|256|384|512)?))?-([0-9a-f]+),([^,]+),(\d{1,10})$/
const SIMPLE_ADMIN = /^-hashed-([0-9a-f]{40}),(.+)$/

/**
 * Parses a value of `[admins]` (`couch_passwords:get_unhashed_admins/0`): `-pbkdf2:sha256-KEY,SALT,ITERATIONS`,
 * `-pbkdf2-…` (SHA-1) or `-hashed-SHA,SALT`. `undefined` for a plain password.
 */
export function parseAdminPassword(text: string): StoredPassword | undefined {
  const pbkdf2 = PBKDF2_ADMIN.exec(text)
  if (pbkdf2 !== null) {
    const [, prf = 'sha', derivedKey = '', salt = '', iterations = ''] = pbkdf2
    return { scheme: 'pbkdf2', prf: prf as Prf, derivedKey, salt, iterations: Number(iterations) }
  }
  const [, sha, salt] = SIMPLE_ADMIN.exec(text) ?? []
  return sha === undefined || salt === undefined ? undefined : { scheme: 'simple', sha, salt }
}

/** The value of `[admins]` for a stored password. */
export function formatAdminPassword(stored: StoredPassword): string {
  return stored.scheme === 'simple'
    ? `-hashed-${stored.sha},${stored.salt}`
    : `-pbkdf2:${stored.prf}-${stored.derivedKey},${stored.salt},${stored.iterations}`
}
