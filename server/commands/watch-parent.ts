/** Time between two looks at the parent process, in milliseconds. */
const LOOK_MS = 250

/**
 * Calls `stop` when the shell that npm started this process in is gone. npm passes a signal on to that shell alone, which
 * dies of it and leaves its child running, with the data directory locked.
 *
 * @param env the environment of this process: npm sets `npm_lifecycle_event` for scripts and for `npx`
 * @returns how to stop watching
 */
export function watchParent(env: Readonly<Record<string, string | undefined>>, stop: () => void): () => void {
  if (env.npm_lifecycle_event === undefined || process.platform === 'win32') return () => undefined
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, LOOK_MS)
  timer.unref()
  return () => clearInterval(timer)
}
