import { PeerError } from '../peer-error.ts'

const MAX_INTERIM_ANSWERS = 32

/**
 * Returns a check of interim answers (1xx) of one request: each counts as a sign of life for the wait for the final answer, so that a
 * peer could send them for ever. To be called with each of them.
 *
 * @throws PeerError `no_answer` past 32
 */
export function interimBound(): () => void {
  let count = 0
  return () => {
    if (++count > MAX_INTERIM_ANSWERS)
      throw new PeerError('no_answer', `sent more than ${MAX_INTERIM_ANSWERS} interim answers`, {
        transient: true,
      })
  }
}
