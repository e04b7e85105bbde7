import { createHash, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { promisify } from 'node:util'
import { fail } from '../../protocol/errors.ts'
import { FairWorkQueue } from '../concurrency/fair-work-queue.ts'
import { type Prf, PRFS, type StoredPassword } from './stored-password.ts'

const derive = promisify(pbkdf2)

/** PBKDF2 runs in Node's threads, which the store uses too: two of the four are left to it. */
const AT_ONCE = 2

export interface HashSettings {
  readonly scheme: 'pbkdf2' | 'simple'
  readonly prf: Prf
  readonly iterations: number
}

/** Maximum numbers of waiting hashes, of all clients together and of one. */
export interface HashQueueLimits {
  readonly waiting: number
  readonly waitingPerOwner: number
}

/** For whom the server hashes of its own accord: its configuration, and hashes that are replaced after a login. */
export const SERVER_ITSELF = ''

/**
 * Makes and checks password hashes, off the event loop and a few at a time. Clients take turns, and what would have to
 * wait behind too many others is refused with 503, so that guessing passwords neither takes the server's memory and time
 * nor keeps others from logging in.
 */
export class PasswordHasher {
  readonly #queue: FairWorkQueue
  readonly #closing = new AbortController()

  constructor(limits: () => HashQueueLimits = () => ({ waiting: 64, waitingPerOwner: 64 })) {
    this.#queue = new FairWorkQueue(() => ({ running: AT_ONCE, ...limits() }))
    setMaxListeners(0, this.#closing.signal)
  }

  /** Refuses what waits and what comes, with 503: a server that stops does not wait for passwords. Idempotent. */
  close(): void {
    this.#closing.abort(fail('busy'))
  }

  /**
   * Hashes a password with a new salt, or with the one given.
   *
   * @param client shares the turns with other clients: an address or a user
   */
  async hash(
    password: string,
    { scheme, prf, iterations }: HashSettings,
    client: string,
    salt = randomBytes(16).toString('hex'),
  ): Promise<StoredPassword> {
    if (scheme === 'simple') return { scheme, salt, sha: simpleHash(password, salt) }
    const derivedKey = await this.#derive(client, { password, salt, prf, iterations })
    return { scheme, prf, salt, iterations, derivedKey }
  }

  /**
   * Returns whether the password is the one that was stored; the time it takes does not depend on where they differ.
   *
   * @param client shares the turns with other clients: an address
   */
  async verify(password: string, stored: StoredPassword, client: string): Promise<boolean> {
    if (stored.scheme === 'simple') return sameText(simpleHash(password, stored.salt), stored.sha)
    const derivedKey = await this.#derive(client, { password, ...stored })
    return sameText(derivedKey, stored.derivedKey)
  }

  #derive(client: string, { password, salt, prf, iterations }: Derivation): Promise<string> {
    const { digest, bytes } = PRFS[prf]
    this.#closing.signal.throwIfAborted()
    const work = async (): Promise<string> =>
      (await derive(password, salt, iterations, bytes, digest)).toString('hex')
    return this.#queue.run(client, work, this.#closing)
  }
}

interface Derivation {
  readonly password: string
  readonly salt: string
  readonly prf: Prf
  readonly iterations: number
}

/** Compares in a time that tells only whether the lengths agree. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

function simpleHash(password: string, salt: string): string {
  return createHash('sha1').update(password).update(salt).digest('hex')
}
