import { hash, randomBytes } from 'node:crypto'
import { AnsweredElsewhere } from '../../app/answered-elsewhere.ts'
import type { Authentication, Credentials } from '../../auth/authenticator.ts'
import type { Config } from '../../config/config.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { Approval } from '../messages.ts'

const MAX_APPROVALS = 10_000

/** Settings that name the headers in which a proxy names the user. */
const PROXY_HEADERS = ['x_auth_username', 'x_auth_roles', 'x_auth_token'] as const

interface Kept {
  readonly approval: Approval
  /** Time of the monotonic clock from which it counts no more. */
  readonly endsAt: number
}

/**
 * Users whom the store thread found behind exact credentials of an address. Passwords, cookies, tokens, locks and second
 * factors are checked there alone: a request with credentials that are not known here is answered there, and its answer
 * brings the approval. Any change of a user, a setting or a lock ends all approvals.
 */
export class ApprovedUsers {
  readonly #config: Pick<Config, 'text'>
  readonly #metrics: Metrics
  readonly #key = randomBytes(32).toString('hex')
  readonly #now: () => number
  readonly #approvals = new Map<string, Kept>()
  #epoch: number

  /** @param now a monotonic clock: a wall clock that is set back makes no approval last longer */
  constructor(
    config: Pick<Config, 'text'>,
    metrics: Metrics,
    epoch: number,
    now: () => number = () => performance.now(),
  ) {
    this.#now = now
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
  approve(request: Pick<Credentials, 'header' | 'peer'>, approval: Approval): void {
    if (approval.epoch !== this.#epoch) return
    const [oldest] = this.#approvals.keys()
    if (this.#approvals.size >= MAX_APPROVALS && oldest !== undefined) this.#approvals.delete(oldest)
    this.#approvals.set(this.#keyOf(request), { approval, endsAt: this.#now() + approval.lifetimeMs })
  }

  /** @throws {AnsweredElsewhere} for credentials without an approval */
  authenticate(request: Pick<Credentials, 'header' | 'peer'>): Promise<Authentication> {
    const key = this.#keyOf(request)
    const kept = this.#approvals.get(key)
    if (kept === undefined) throw new AnsweredElsewhere('the user')
    const { approval, endsAt } = kept
    if (endsAt <= this.#now()) {
      this.#approvals.delete(key)
      throw new AnsweredElsewhere('the user')
    }
    for (const path of approval.counts) this.#metrics.count(path)
    const { user, proof } = approval
    return Promise.resolve({ user, proof, setCookie: undefined, until: undefined })
  }

  /**
   * The address, and the headers that prove a user, digested so that no password is kept. What else authentication reads concerns
   * cookies that it sets, and answers that set one approve nothing.
   */
  #keyOf(request: Pick<Credentials, 'header' | 'peer'>): string {
    const [name, roles, token] = PROXY_HEADERS.map(key =>
      request.header(this.#config.text('chttpd_auth', key).toLowerCase()),
    )
    const headers = [request.header('authorization'), request.header('cookie'), name, roles, token]
    if (headers.every(header => header === undefined)) return request.peer
    // As JSON no two lists of headers are the same text.
    const secret = this.#key + JSON.stringify(headers)
    return `${request.peer} ${hash('sha256', secret, 'base64')}`
  }
}
