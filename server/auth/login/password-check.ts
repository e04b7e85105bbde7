import { fail } from '../../../protocol/errors.ts'
import type { Config } from '../../config/config.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import { type Attempt, Lockout, type LockoutSettings } from './lockout.ts'
import { networkOf } from './network.ts'
import { maxIterations } from './password-limits.ts'
import { formatAdminPassword, type StoredPassword } from '../../passwords/stored-password.ts'
import { TotpCheck } from './totp.ts'
import type { UserRecord } from '../user-record.ts'
import { VerifiedPasswords } from './verified-passwords.ts'

/** Reason of the answer to every login of a locked name. */
export const LOCKED = 'Account is temporarily locked due to multiple authentication failures'

/** Password and second factor of a login. */
export interface Proof {
  readonly password: string
  /** Of a second factor; `undefined` where there is no place for one, as in Basic authentication. */
  readonly token: string | undefined
}

/** Checks passwords and tokens: cheaply where they were right before, and not at all for those who guess. */
export class PasswordCheck {
  readonly #config: Config
  readonly #metrics: Metrics
  readonly lockout: Lockout
  readonly #verified: VerifiedPasswords
  readonly #totp = new TotpCheck()
  /** Checks under way: after a restart, all connections of a user ask the same at once. */
  readonly #underWay = new Map<string, Promise<boolean>>()

  constructor(config: Config, metrics: Metrics) {
    this.#config = config
    this.#metrics = metrics
    this.lockout = new Lockout(() => lockoutSettings(config))
    this.#verified = new VerifiedPasswords(() => config.integer('couchette', 'password_cache_lifetime'))
  }

  /**
   * @param peer the address that asks
   * @throws `forbidden` while the name is locked for that address, or where the hash has too few or too many iterations;
   *   `busy`
   */
  async isRight(user: UserRecord, proof: Proof, peer: string): Promise<boolean> {
    if (this.isLocked(user, peer)) throw fail('forbidden', LOCKED)
    // Not even a right password gets in without a token, and nobody learns that it was right (CouchDB: reject_if_totp/1).
    if (user.totp !== undefined && proof.token === undefined) return false
    const { password: stored, name } = user
    const isKnown = stored !== undefined && this.#verified.check(name, proof.password, stored) === true
    if (isKnown && user.totp === undefined) {
      this.countFast()
      return true
    }
    return (await this.#shared(user, proof)) ?? this.#guess(user, proof, attemptOf(user, peer))
  }

  /** Returns whether passwords of the name are refused, right or wrong, when they come from that address. */
  isLocked(user: UserRecord, peer: string): boolean {
    return this.lockout.state(attemptOf(user, peer)) === 'locked'
  }

  /** Counts a password that needs no hashing. */
  countFast(): void {
    this.#metrics.count('couchdb/password_hashing_fast')
  }

  /** Waits for another check of the same password where that is all there is to check; only a right one is shared. */
  async #shared(
    { name, password: stored, totp }: UserRecord,
    { password }: Proof,
  ): Promise<true | undefined> {
    if (stored === undefined || totp !== undefined) return undefined
    const underWay = this.#underWay.get(questionOf(name, password, stored))
    return (await underWay) === true ? true : undefined
  }

  async #guess(user: UserRecord, { password, token = '' }: Proof, attempt: Attempt): Promise<boolean> {
    const guess = await this.lockout.begin(attempt)
    if (guess === undefined) throw fail('forbidden', LOCKED)
    try {
      const { name, password: stored, totp } = user
      const right =
        stored !== undefined &&
        (await this.#verify(user, password, stored, attempt.peer)) &&
        (totp === undefined || this.#totp.take(name, totp, token))
      guess.end(right ? 'right' : 'wrong')
      return right
    } finally {
      guess.end('unknown')
    }
  }

  async #verify(user: UserRecord, password: string, stored: StoredPassword, peer: string): Promise<boolean> {
    const { name } = user
    const known = this.#verified.check(name, password, stored)
    if (known !== undefined) {
      this.countFast()
      return known
    }
    this.#checkIterations(user, stored)
    const question = questionOf(name, password, stored)
    const underWay = this.#underWay.get(question)
    if (underWay !== undefined) return underWay
    const check = this.#hash(name, password, stored, peer).finally(() => this.#underWay.delete(question))
    this.#underWay.set(question, check)
    return check
  }

  async #hash(name: string, password: string, stored: StoredPassword, peer: string): Promise<boolean> {
    this.#metrics.count('couchdb/password_hashing_slow')
    const right = await this.#config.hasher.verify(password, stored, networkOf(peer))
    if (!right) return false
    this.#verified.add(name, password, stored)
    this.countFast()
    return true
  }

  /** @throws `forbidden` */
  #checkIterations({ rev }: UserRecord, stored: StoredPassword): void {
    if (stored.scheme === 'simple') return
    const config = this.#config
    if (stored.iterations < config.integer('chttpd_auth', 'min_iterations')) {
      throw fail('forbidden', 'Iteration count is too low for this server')
    }
    // Administrators of the configuration have no document that a user could have written.
    const most = rev === undefined ? config.integer('chttpd_auth', 'max_iterations') : maxIterations(config)
    if (stored.iterations > most) throw fail('forbidden', 'Iteration count is too high for this server')
  }
}

function questionOf(name: string, password: string, stored: StoredPassword): string {
  return JSON.stringify([name, password, formatAdminPassword(stored)])
}

function attemptOf({ name, salt }: UserRecord, peer: string): Attempt {
  return { peer, name, salt }
}

function lockoutSettings(config: Config): LockoutSettings {
  const mode = config.text('chttpd_auth_lockout', 'mode')
  return {
    mode: mode === 'enforce' || mode === 'warn' ? mode : 'off',
    threshold: config.integer('chttpd_auth_lockout', 'threshold'),
    maxObjects: config.integer('chttpd_auth_lockout', 'max_objects'),
    maxLifetimeMs: config.integer('chttpd_auth_lockout', 'max_lifetime'),
    maxWaiting: config.integer('couchette', 'max_password_checks'),
  }
}
