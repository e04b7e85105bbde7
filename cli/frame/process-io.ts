import type { Io } from './io.ts'
import { INTERRUPTED, OK } from './exit-codes.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface ProcessIo extends Io {
  /** Leaves signals and output errors to the command: for the server, which has its own way to stop. */
  readonly release: () => void
  /** Returns the exit code of the process: 0 where the reader of its output went away, as `head` does. */
  readonly exitCode: (code: number) => number
}

/** Returns the streams, the environment and the signals of this process; a second signal ends it at once. */
export function processIo(): ProcessIo {
  const stop = new AbortController()
  let unread = false
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(INTERRUPTED)
    stop.abort(new Error('interrupted'))
  }
  const onOutputError = (): void => {
    unread = true
    stop.abort(new Error('nobody reads the output'))
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  process.stdout.on('error', onOutputError)
  process.stderr.on('error', () => undefined)
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signal: stop.signal,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal)
      process.stdout.off('error', onOutputError)
    },
    exitCode: code => (unread ? OK : code),
  }
}
