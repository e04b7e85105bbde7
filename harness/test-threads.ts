/**
 * The number of front threads that servers of tests have: `COUCHETTE_TEST_THREADS`, by default 1, with which one thread
 * does everything.
 */
export const TEST_THREADS = Number(process.env['COUCHETTE_TEST_THREADS'] ?? 1)

/** Settings of a server that tests start; its own come behind. */
export const THREAD_SETTINGS = [{ section: 'couchette', key: 'threads', value: String(TEST_THREADS) }]
