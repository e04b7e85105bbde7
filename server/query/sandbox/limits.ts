/** What a function of a design document may use. */
export interface SandboxLimits {
  /** For one call, as for one document: `[couchdb] os_process_timeout`. */
  readonly timeoutMs: number
  /** For one engine, which one design document has for itself. */
  readonly memoryBytes: number
  readonly stackBytes: number
}

export const DEFAULT_LIMITS: SandboxLimits = {
  timeoutMs: 5000,
  memoryBytes: 64 * 1024 * 1024,
  stackBytes: 256 * 1024,
}
