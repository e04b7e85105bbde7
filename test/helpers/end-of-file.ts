import { registerCompletionHandler } from 'ava'

/** Time for a process to end by itself once its tests are done. */
const END_MS = 30_000

/** Longest time for the tests of one file, in minutes. */
const FILE_MINUTES = Number(process.env['COUCHETTE_TEST_FILE_MINUTES'] ?? 15)

/**
 * Ends a test process that something keeps alive after its tests, or whose tests never end. AVA waits for it for ever where a
 * test has had a longer `t.timeout`: its own timeout comes once, finds that it is to be ignored, and is not set again.
 */
registerCompletionHandler(() => endLater(END_MS, 'the tests are done, but the process stays'))
endLater(FILE_MINUTES * 60_000, `the tests take longer than ${FILE_MINUTES} minutes`)

function endLater(ms: number, why: string): void {
  const timer = setTimeout(() => {
    console.error(`A test file does not end: ${why}. Open: ${process.getActiveResourcesInfo().join(', ')}`)
    process.exit(1)
  }, ms)
  timer.unref()
}
