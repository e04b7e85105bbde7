import { PeerError } from './peer-error.ts'
import { wait } from './wait.ts'

/** Number of attempts of a request and the delays between them. */
export interface RetryPolicy {
  readonly retries: number
  readonly firstWaitMs: number
  readonly maxWaitMs: number
}

/** A peer that asks for patience gets it beyond the configured number of retries. */
const RETRIES_WHEN_OVERLOADED = 10

/**
 * Runs the attempt until it succeeds, fails for good or has failed too often. Waits double from one try to the next,
 * with some jitter, and are never shorter than the peer's `Retry-After`.
 */
export async function retrying<T>(
  policy: RetryPolicy,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ;) {
    try {
      return await attempt()
    } catch (error) {
      await waitToRetry(policy, error, ++failures, signal)
    }
  }
}

/**
 * Waits until what has failed so often in a row may be tried again.
 *
 * @throws the error, where it should not be
 */
export async function waitToRetry(
  policy: RetryPolicy,
  error: unknown,
  failures: number,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  if (!(error instanceof PeerError) || !error.transient || failures > allowed(policy, error)) throw error
  await wait(Math.max(error.retryAfterMs ?? 0, backoff(policy, failures)), signal)
}

function allowed({ retries }: RetryPolicy, { status }: PeerError): number {
  return status === 429 || status === 503 ? Math.max(retries, RETRIES_WHEN_OVERLOADED) : retries
}

/** The wait after so many failures in a row. */
export function backoff({ firstWaitMs, maxWaitMs }: RetryPolicy, failures: number): number {
  const full = Math.min(maxWaitMs, firstWaitMs * 2 ** Math.min(failures - 1, 20))
  return full * (0.75 + Math.random() / 4)
}
