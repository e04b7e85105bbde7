import { setTimeout as sleep } from 'node:timers/promises'

const WITHIN_MS = 20_000
const EVERY_MS = 50

/** Asks again until the answer is true; `what` stands in the error when it never is. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { withinMs = WITHIN_MS, everyMs = EVERY_MS } = {},
): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await sleep(everyMs)
  }
}
