import { fail } from '../../protocol/errors.ts'
import type { Config } from '../config/config.ts'
import { type Attempt, Lockout, type LockoutSettings } from './lockout.ts'
import { formatAdminPassword, type StoredPassword } from './stored-password.ts'
import type { UserRecord } from './user-record.ts'
import { VerifiedPasswords } from './verified-passwords.ts'

const LOCKED = 'Account is temporarily locked due to multiple authentication failures'

/** Says whether a password is somebody's: cheaply where it was right before, and not at all to those who guess. */
export class PasswordCheck {
  readonly #config: Config
  readonly #lockout: Lockout
  readonly #verified: VerifiedPasswords
  /** Checks under way: after a restart, all connections of a user ask the same at once. */
  readonly #underWay = new Map<string, Promise<boolean>>()

  constructor(config: Config) {
    this.#config = config
    this.#lockout = new Lockout(() => lockoutSettings(config))
    this.#verified = new VerifiedPasswords(() => config.integer('couchette', 'password_cache_lifetime'))
  }

  /**
   * @param peer the address that asks
   * @throws `forbidden` while the name is locked for that address, or where the hash has too few or too many iterations;
   *   `busy`
   */
  async isRight(user: UserRecord, password: string, peer: string): Promise<boolean> {
    if (this.isLocked(user, peer)) throw fail('forbidden', LOCKED)
    const right = user.password !== undefined && (await this.#verify(user.name, password, user.password))
    if (!right) this.#lockout.failed(attemptOf(user, peer))
    return right
  }

  /** Whether passwords of the name are refused, right or wrong, when they come from that address. */
  isLocked(user: UserRecord, peer: string): boolean {
    return this.#lockout.state(attemptOf(user, peer)) === 'locked'
  }

  async #verify(name: string, password: string, stored: StoredPassword): Promise<boolean> {
    const known = this.#verified.check(name, password, stored)
    if (known !== undefined) return known
    this.#checkIterations(stored)
    const question = JSON.stringify([name, password, formatAdminPassword(stored)])
    const underWay = this.#underWay.get(question)
    if (underWay !== undefined) return underWay
    const check = this.#hash(name, password, stored).finally(() => this.#underWay.delete(question))
    this.#underWay.set(question, check)
    return check
  }

  async #hash(name: string, password: string, stored: StoredPassword): Promise<boolean> {
    const right = await this.#config.hasher.verify(password, stored)
    if (right) this.#verified.add(name, password, stored)
    return right
  }

  #checkIterations(stored: StoredPassword): void {
    if (stored.scheme === 'simple') return
    const config = this.#config
    if (stored.iterations < config.integer('chttpd_auth', 'min_iterations')) {
      throw fail('forbidden', 'Iteration count is too low for this server')
    }
    if (stored.iterations > config.integer('chttpd_auth', 'max_iterations')) {
      throw fail('forbidden', 'Iteration count is too high for this server')
    }
  }
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
  }
}
