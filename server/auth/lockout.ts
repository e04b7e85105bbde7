import { LruMap } from './lru-map.ts'

export interface LockoutSettings {
  readonly mode: 'enforce' | 'warn' | 'off'
  readonly threshold: number
  readonly maxObjects: number
  readonly maxLifetimeMs: number
}

/** Where a password was tried. The salt is part of it, so that a new password ends the lock. */
export interface Attempt {
  readonly peer: string
  readonly name: string
  readonly salt: string
}

/** Counts failed logins for each address and name, and locks after too many (`couch_auth_lockout`). */
export class Lockout {
  readonly #settings: () => LockoutSettings
  readonly #failures: LruMap<string, number>

  constructor(settings: () => LockoutSettings, now?: () => number) {
    this.#settings = settings
    const limits = () => ({ entries: settings().maxObjects, lifetimeMs: settings().maxLifetimeMs })
    this.#failures = new LruMap(limits, now)
  }

  /** What is to be done with another attempt. */
  state(attempt: Attempt): 'free' | 'warn' | 'locked' {
    if (this.#failures.size === 0) return 'free'
    const { mode, threshold } = this.#settings()
    const failures = this.#failures.get(keyOf(attempt)) ?? 0
    if (mode === 'off' || failures < threshold) return 'free'
    return mode === 'warn' ? 'warn' : 'locked'
  }

  failed(attempt: Attempt): void {
    if (this.#settings().mode === 'off') return
    const key = keyOf(attempt)
    this.#failures.set(key, (this.#failures.get(key) ?? 0) + 1)
  }
}

function keyOf({ peer, name, salt }: Attempt): string {
  return `${peer}\0${salt}\0${name}`
}
