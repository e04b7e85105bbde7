/** Memory and stack that an engine may use. */
export interface SandboxLimits {
  /** For one engine, which one design document has for itself. */
  readonly memoryBytes: number
  readonly stackBytes: number
}

export const DEFAULT_LIMITS: SandboxLimits = {
  memoryBytes: 64 * 1024 * 1024,
  stackBytes: 256 * 1024,
}

export const DEFAULT_TIMEOUT_MS = 5000
const MOST_TIMEOUT_MS = 2 ** 30

/** The time of one call, as for one document, that a configured one stands for: timers have a longest time. */
export function callTimeout(configuredMs: number): number {
  return Math.max(1, Math.min(configuredMs, MOST_TIMEOUT_MS))
}
