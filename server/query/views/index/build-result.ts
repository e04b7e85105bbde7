/** Progress of a build, for `_active_tasks`. */
export interface BuildProgress {
  readonly started: number
  updated: number
  readonly total: number
  done: number
}

/** A build that ended. */
export interface BuildResult {
  readonly durationMs: number
  /** Changes that were indexed. */
  readonly changes: number
  /** True if there was nothing of the index before. */
  readonly isFresh: boolean
  /** Undefined after success. */
  readonly error: unknown
}

export interface IndexSizes {
  readonly file: number
  readonly external: number
  readonly active: number
}
