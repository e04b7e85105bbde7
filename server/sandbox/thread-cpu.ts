import { readFileSync } from 'node:fs'

/** Node.js has this from 22.19 and 23.9 on. */
const { threadCpuUsage } = process as { threadCpuUsage?: () => { user: number; system: number } }

/**
 * The milliseconds of CPU time that the calling thread has had; undefined where nobody tells. On Linux, the first number of
 * `schedstat` in nanoseconds (kernel: Documentation/scheduler/sched-stats.rst).
 */
export function threadCpuMs(): number | undefined {
  if (threadCpuUsage !== undefined) {
    const { user, system } = threadCpuUsage.call(process)
    return (user + system) / 1000
  }
  try {
    const nanoseconds = parseInt(readFileSync('/proc/thread-self/schedstat', 'latin1'), 10)
    // 0 where the kernel does not count.
    return nanoseconds > 0 ? nanoseconds / 1e6 : undefined
  } catch {
    return undefined
  }
}
