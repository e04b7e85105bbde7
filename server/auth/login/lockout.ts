import { networkOf } from './network.ts'
import { fail } from '../../../protocol/errors.ts'
import { ExpiringMap } from '../expiring-map.ts'

export interface LockoutSettings {
  readonly mode: 'enforce' | 'warn' | 'off'
  readonly threshold: number
  readonly maxObjects: number
  readonly maxLifetimeMs: number
  /** Guesses of a name from one address that may wait for others of it; further ones are refused with 503. */
  readonly maxWaiting: number
}

/** A password that is tried. The salt is part of it, so that a new password ends the lock. */
export interface Attempt {
  readonly peer: string
  readonly name: string
  readonly salt: string
}

/** A guess under way, which counts as a failure until it is known to be right. */
export interface Guess {
  /** Ends the guess. Idempotent. */
  end(outcome: 'right' | 'wrong' | 'unknown'): void
}

interface UnderWay {
  count: number
  readonly waiting: Set<() => void>
}

/**
 * Counts failed logins for each address and name, and locks after too many (`couch_auth_lockout`). Guesses are counted
 * before they are checked, so that guessing many passwords at the same time gains nothing.
 */
export class Lockout {
  readonly #settings: () => LockoutSettings
  readonly #failures: ExpiringMap<string, number>
  readonly #underWay = new Map<string, UnderWay>()
  /** Called when the failures of a name reach the threshold. */
  onThreshold: ((attempt: Attempt, mode: 'enforce' | 'warn') => void) | undefined

  constructor(settings: () => LockoutSettings, now?: () => number) {
    this.#settings = settings
    const limits = () => ({ entries: settings().maxObjects, lifetimeMs: settings().maxLifetimeMs })
    this.#failures = new ExpiringMap(limits, now)
  }

  /** Returns what is to be done with another attempt. */
  state(attempt: Attempt): 'free' | 'warn' | 'locked' {
    if (this.#failures.size === 0) return 'free'
    const { mode, threshold } = this.#settings()
    const failures = this.#failures.get(keyOf(attempt)) ?? 0
    if (mode === 'off' || failures < threshold) return 'free'
    return mode === 'warn' ? 'warn' : 'locked'
  }

  failed(attempt: Attempt): void {
    const { mode, threshold } = this.#settings()
    if (mode === 'off') return
    const key = keyOf(attempt)
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    if (failures === threshold) this.onThreshold?.(attempt, mode)
  }

  /** Number of names that are locked now, each counted once for each network that it is locked for. */
  get locked(): number {
    const { mode, threshold } = this.#settings()
    if (mode !== 'enforce') return 0
    return [...this.#failures.values()].filter(failures => failures >= threshold).length
  }

  /**
   * Begins a guess; waits while so many are under way that the name would be locked if all of them were wrong.
   *
   * @returns `undefined` where the name is locked
   * @throws `busy` where too many wait
   */
  async begin(attempt: Attempt): Promise<Guess | undefined> {
    const key = keyOf(attempt)
    for (;;) {
      if (this.state(attempt) === 'locked') return undefined
      const { mode, threshold } = this.#settings()
      const underWay = this.#underWay.get(key)
      const counted = (this.#failures.get(key) ?? 0) + (underWay?.count ?? 0)
      if (mode !== 'enforce' || underWay === undefined || counted < threshold)
        return this.#begin(attempt, key)
      await this.#wait(underWay)
    }
  }

  #begin(attempt: Attempt, key: string): Guess {
    const underWay = this.#underWay.get(key) ?? { count: 0, waiting: new Set() }
    this.#underWay.set(key, underWay)
    underWay.count++
    let ended = false
    const end: Guess['end'] = outcome => {
      if (ended) return
      ended = true
      if (outcome === 'wrong') this.failed(attempt)
      if (--underWay.count === 0) this.#underWay.delete(key)
      for (const wake of underWay.waiting) wake()
    }
    return { end }
  }

  async #wait({ waiting }: UnderWay): Promise<void> {
    if (waiting.size >= this.#settings().maxWaiting) throw fail('busy')
    await new Promise<void>(resolve => {
      const wake = (): void => {
        waiting.delete(wake)
        resolve()
      }
      waiting.add(wake)
    })
  }
}

function keyOf({ peer, name, salt }: Attempt): string {
  return `${networkOf(peer)}\0${salt}\0${name}`
}
