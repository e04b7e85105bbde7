import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type DestinationStream, pino } from 'pino'
import type { Config } from '../config/config.ts'
import { fileError } from '../config/start-error.ts'

/** Destination of the log's lines. */
export interface LogWriter {
  readonly stream: DestinationStream
  /** Opens the file anew, after it was moved away; undefined where there is none. */
  readonly reopen: (() => void) | undefined
  /** Closes the file; lines that come later are dropped. Idempotent. */
  readonly close: () => void
}

/**
 * Opens what `[log] writer` names: a file, standard error, or standard error with the levels that systemd reads.
 *
 * @param directory relative paths of `[log] file` begin there
 * @throws {StartError} for a file that cannot be opened
 */
export function openLogWriter(config: Config, directory: string): LogWriter {
  const writer = config.text('log', 'writer')
  if (writer === 'file') return fileWriter(resolve(directory, config.text('log', 'file')))
  const stderr = pino.destination(2)
  stderr.on('error', () => undefined)
  return {
    stream: writer === 'journald' ? withPriorities(stderr) : stderr,
    reopen: undefined,
    close: () => undefined,
  }
}

function fileWriter(path: string): LogWriter {
  try {
    mkdirSync(dirname(path), { recursive: true })
    const file = pino.destination({ dest: path, append: true, sync: true, mode: 0o600 })
    // A full disk must not end the server; the lines are lost.
    file.on('error', () => undefined)
    let closed = false
    const close = (): void => {
      if (!closed) file.end()
      closed = true
    }
    const write = (line: string): void => void (closed || file.write(line))
    return { stream: { write }, reopen: () => file.reopen(), close }
  } catch (error) {
    throw fileError(error, 'The log file', path)
  }
}

/** Syslog's priorities by pino's levels, from the highest. */
const PRIORITIES: readonly (readonly [level: number, priority: number])[] = [
  [60, 2],
  [50, 3],
  [40, 4],
  [30, 6],
  [0, 7],
]

function withPriorities(stream: DestinationStream): DestinationStream {
  return {
    write(line: string): void {
      const level = Number(/^\{"level":(\d+)/.exec(line)?.[1] ?? 30)
      const [, priority] = PRIORITIES.find(([least]) => level >= least) ?? [0, 6]
      stream.write(`<${priority}>${line}`)
    },
  }
}
