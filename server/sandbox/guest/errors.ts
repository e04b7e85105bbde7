import type { GuestError } from './host.ts'

/** How what a function throws is answered. (CouchDB: share/server/dispatch-quickjs.js, handleError) */
export interface GuestErrors {
  describe(thrown: unknown): GuestError
  /** Whether it must end the command, and not only the call of one function. */
  isFatal(thrown: unknown): boolean
}

export function createErrors(): GuestErrors {
  const { isArray } = Array
  const shape = (thrown: unknown) =>
    (typeof thrown === 'object' && thrown !== null ? thrown : {}) as Record<string, unknown>

  return {
    describe(thrown) {
      if (isArray(thrown) && (thrown[0] === 'error' || thrown[0] === 'fatal')) {
        return ['error', String(thrown[1]), thrown[2]]
      }
      // The engine throws null where there is no memory for an error.
      if (thrown === null) return ['error', 'InternalError', 'out of memory']
      const { error, reason, name, message, stack } = shape(thrown)
      if (name === 'InternalError') return ['error', name, message]
      if (error && reason) return ['error', String(error), reason]
      // The members of an error are not enumerable, so that its JSON is {}.
      if (name) return ['error', String(name), thrown]
      return ['error', 'unnamed_error', stack]
    },
    isFatal(thrown) {
      return (
        thrown === null ||
        (isArray(thrown) && thrown[0] === 'fatal') ||
        shape(thrown).name === 'InternalError'
      )
    },
  }
}
