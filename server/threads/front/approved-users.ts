import { hash, randomBytes } from 'node:crypto'
import { AnsweredElsewhere } from '../../app/answered-elsewhere.ts'
import type { Authentication, Credentials } from '../../auth/authenticator.ts'
import type { Config } from '../../config/config.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { Approval } from '../messages.ts'

const MAX_APPROVALS = 10_000

/**
 * Users whom the store thread found behind exact credentials of an address. Passwords, cookies, tokens, locks and second
 * factors are checked there alone: a request with credentials that are not known here is answered there, and its answer
 * brings the approval. Any change of a user, a setting or a lock ends all approvals.
 */
export class ApprovedUsers {
  readonly #config: Pick<Config, 'text'>
  readonly #metrics: Metrics
  readonly #key = randomBytes(32).toString('hex')
  readonly #approvals = new Map<string, Approval>()
  #epoch: number

  constructor(config: Pick<Config, 'text'>, metrics: Metrics, epoch: number) {
    this.#config = config
    this.#metrics = metrics
    this.#epoch = epoch
  }

  /** Ends all approvals that were given before. */
  begin(epoch: number): void {
    this.#epoch = epoch
    this.#approvals.clear()
  }

  /** Takes over what the store thread found; one that was given before the last change counts for nothing. */
  approve(request: Credentials, approval: Approval): void {
    if (approval.epoch !== this.#epoch) return
    const [oldest] = this.#approvals.keys()
    if (this.#approvals.size >= MAX_APPROVALS && oldest !== undefined) this.#approvals.delete(oldest)
    const key = this.#keyOf(request)
    if (key !== undefined) this.#approvals.set(key, approval)
  }

  /** @throws {AnsweredElsewhere} for credentials without an approval */
  authenticate(request: Credentials): Promise<Authentication> {
    const key = this.#keyOf(request)
    const approval = key === undefined ? undefined : this.#approvals.get(key)
    if (approval === undefined) throw new AnsweredElsewhere('the user')
    if (approval.until <= Date.now()) {
      this.#approvals.delete(key ?? '')
      throw new AnsweredElsewhere('the user')
    }
    for (const path of approval.counts) this.#metrics.count(path)
    const { user, proof } = approval
    return Promise.resolve({ user, proof, setCookie: undefined, until: undefined })
  }

  /** Digests of headers, so that no password is kept; undefined where another proxy vouches for the user. */
  #keyOf(request: Credentials): string | undefined {
    for (const name of ['x_auth_username', 'x_auth_roles', 'x_auth_token'] as const) {
      if (request.header(this.#config.text('chttpd_auth', name).toLowerCase()) !== undefined) return undefined
    }
    const authorization = request.header('authorization')
    const cookie = request.header('cookie')
    if (authorization === undefined && cookie === undefined) return request.peer
    const secret = `${this.#key}\n${request.secure ? 1 : 0}\n${cookie?.length ?? -1}\n${cookie ?? ''}\n${authorization ?? ''}`
    return `${request.peer} ${hash('sha256', secret, 'base64')}`
  }
}
