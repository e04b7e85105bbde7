/** Milliseconds and counts by which a member judges others. */
export interface HealthLimits {
  /** Time between two questions to a member that answers. */
  readonly probeEveryMs: number
  /** Questions in a row without an answer after which a member is routed around. */
  readonly failuresToDown: number
  /** Longest time between two questions to a member that does not answer; it doubles from `probeEveryMs` up. */
  readonly maxRetryMs: number
}

export const HEALTH_DEFAULTS: HealthLimits = { probeEveryMs: 1000, failuresToDown: 2, maxRetryMs: 10_000 }

interface Known {
  failures: number
  /** Time at which the member is to be asked again. */
  nextAt: number
}

/**
 * Health of the other members as one member sees it: who answers. Time is passed in, so that a simulation has its own. A member that was
 * never asked counts as reachable.
 */
export class MemberHealth {
  readonly #limits: HealthLimits
  readonly #known = new Map<string, Known>()

  constructor(limits: HealthLimits = HEALTH_DEFAULTS) {
    this.#limits = limits
  }

  readonly isReachable = (id: string): boolean =>
    (this.#known.get(id)?.failures ?? 0) < this.#limits.failuresToDown

  /** The members that are routed around. */
  get unreachable(): string[] {
    return [...this.#known.keys()].filter(id => !this.isReachable(id))
  }

  /** Returns those that are to be asked now: of the given ones, and of those that did not answer lately. */
  due(watched: Iterable<string>, now: number): string[] {
    const ids = new Set(watched)
    for (const [id, { failures }] of this.#known) if (failures > 0) ids.add(id)
    return [...ids].filter(id => (this.#known.get(id)?.nextAt ?? 0) <= now)
  }

  /** @returns true if the member was routed around until now */
  answered(id: string, now: number): boolean {
    const wasDown = !this.isReachable(id)
    this.#known.set(id, { failures: 0, nextAt: now + this.#limits.probeEveryMs })
    return wasDown
  }

  /** @returns true if the member is routed around from now on */
  failed(id: string, now: number): boolean {
    const wasReachable = this.isReachable(id)
    const failures = (this.#known.get(id)?.failures ?? 0) + 1
    const { probeEveryMs, maxRetryMs } = this.#limits
    const pause = Math.min(maxRetryMs, probeEveryMs * 2 ** Math.min(10, failures - 1))
    this.#known.set(id, { failures, nextAt: now + pause })
    return wasReachable && !this.isReachable(id)
  }

  /** Forgets members that were removed. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id)
  }
}
