import { setTimeout as sleep } from 'node:timers/promises'

const WITHIN_MS = 150_000
const EVERY_MS = 100

/**
 * Runs work until it does not throw any more, and returns its result. Assertions in it are those of `node:assert`: one of AVA's
 * that failed once fails its test.
 */
export async function retried<T>(work: () => T | Promise<T>, withinMs = WITHIN_MS): Promise<T> {
  const deadline = Date.now() + withinMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await sleep(EVERY_MS)
    }
  }
}
