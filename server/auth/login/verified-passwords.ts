import { hash, randomBytes } from 'node:crypto'
import { ExpiringMap } from '../expiring-map.ts'
import { formatAdminPassword, type StoredPassword } from '../../passwords/stored-password.ts'

const MAX_NAMES = 10_000

interface Verified {
  readonly stored: StoredPassword
  readonly digest: string
}

/**
 * Remembers which password was right, so that Basic authentication costs one SHA-256 and not a PBKDF2 a request. Kept
 * are digests under a key of this process; an entry ends with its lifetime, and when another password is stored.
 */
export class VerifiedPasswords {
  readonly #key = randomBytes(32).toString('hex')
  readonly #names: ExpiringMap<string, Verified>

  constructor(lifetimeMs: () => number) {
    this.#names = new ExpiringMap(() => ({ entries: MAX_NAMES, lifetimeMs: lifetimeMs() }))
  }

  /** `undefined` where nothing is known: the password must be checked. */
  check(name: string, password: string, stored: StoredPassword): boolean | undefined {
    const known = this.#names.get(name)
    if (known === undefined || !sameStored(known.stored, stored)) return undefined
    return known.digest === this.#digest(password)
  }

  add(name: string, password: string, stored: StoredPassword): void {
    this.#names.delete(name)
    this.#names.set(name, { stored, digest: this.#digest(password) })
  }

  /** Nobody who does not know the key can aim at a digest: comparing it needs no constant time. */
  #digest(password: string): string {
    return hash('sha256', this.#key + password, 'base64')
  }
}

function sameStored(a: StoredPassword, b: StoredPassword): boolean {
  return a === b || formatAdminPassword(a) === formatAdminPassword(b)
}
