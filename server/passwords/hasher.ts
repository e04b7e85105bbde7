import { createHash, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { promisify } from 'node:util'
import { fail } from '../../protocol/errors.ts'
import { WorkQueue } from '../concurrency/work-queue.ts'
import { type Prf, PRFS, type StoredPassword } from './stored-password.ts'

const derive = promisify(pbkdf2)

/** PBKDF2 runs in Node's threads, which the store uses too: two of the four are left to it. */
const AT_ONCE = 2

export interface HashSettings {
  readonly scheme: 'pbkdf2' | 'simple'
  readonly prf: Prf
  readonly iterations: number
}

/**
 * Makes and checks password hashes, off the event loop and a few at a time. What would have to wait behind more than
 * `maxWaiting` others is refused with 503, so that guessing passwords does not take the server's memory and time.
 */
export class PasswordHasher {
  readonly #queue: WorkQueue
  readonly #closing = new AbortController()

  constructor(maxWaiting: () => number = () => 64) {
    this.#queue = new WorkQueue(() => ({ running: AT_ONCE, waiting: maxWaiting() }))
    setMaxListeners(0, this.#closing.signal)
  }

  /** Refuses what waits and what comes, with 503: a server that stops does not wait for passwords. Idempotent. */
  close(): void {
    this.#closing.abort(fail('busy'))
  }

  /** Hashes a password with a new salt, or with the one given. */
  async hash(
    password: string,
    { scheme, prf, iterations }: HashSettings,
    salt = randomBytes(16).toString('hex'),
  ): Promise<StoredPassword> {
    if (scheme === 'simple') return { scheme, salt, sha: simpleHash(password, salt) }
    const derivedKey = await this.#derive(password, salt, prf, iterations)
    return { scheme, prf, salt, iterations, derivedKey }
  }

  /** Whether the password is the one that was stored; the time it takes does not depend on where they differ. */
  async verify(password: string, stored: StoredPassword): Promise<boolean> {
    if (stored.scheme === 'simple') return sameText(simpleHash(password, stored.salt), stored.sha)
    const derivedKey = await this.#derive(password, stored.salt, stored.prf, stored.iterations)
    return sameText(derivedKey, stored.derivedKey)
  }

  #derive(password: string, salt: string, prf: Prf, iterations: number): Promise<string> {
    const { digest, bytes } = PRFS[prf]
    this.#closing.signal.throwIfAborted()
    const work = async (): Promise<string> =>
      (await derive(password, salt, iterations, bytes, digest)).toString('hex')
    return this.#queue.run(work, this.#closing)
  }
}

/** Compares in a time that tells only whether the lengths agree. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

function simpleHash(password: string, salt: string): string {
  return createHash('sha1').update(password).update(salt).digest('hex')
}
