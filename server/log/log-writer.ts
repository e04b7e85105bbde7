import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type DestinationStream, pino } from 'pino'
import type { Config } from '../config/config.ts'
import { fileError } from '../config/start-error.ts'

/** Destination of the log's lines. */
export interface LogWriter {
  readonly stream: DestinationStream
  /** Opens the file again, after it was moved away; undefined where the log has no file. */
  readonly reopen: (() => void) | undefined
  /** Closes the file; lines that come later are dropped. Idempotent. */
  readonly close: () => void
}

/**
 * Opens what `[log] writer` names: a file, standard error, or standard error with the levels that systemd reads. Lines on
 * a terminal are made readable.
 *
 * @param directory relative paths of `[log] file` begin there
 * @throws {StartError} for a file that cannot be opened
 */
export async function openLogWriter(config: Config, directory: string): Promise<LogWriter> {
  const writer = config.text('log', 'writer')
  if (writer === 'file') return fileWriter(resolve(directory, config.text('log', 'file')))
  const stderr = pino.destination(2)
  stderr.on('error', () => undefined)
  const isForPeople = writer === 'stderr' && process.stderr.isTTY
  return {
    stream:
      writer === 'journald' ? withPriorities(stderr) : isForPeople ? await readableLines(stderr) : stderr,
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

/** Syslog's priorities by level. */
const PRIORITIES: Readonly<Record<string, number>> = {
  fatal: 2,
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
  trace: 7,
}

function withPriorities(stream: DestinationStream): DestinationStream {
  return {
    write(line: string): void {
      const level = /^\{"level":"(\w+)"/.exec(line)?.[1] ?? 'info'
      stream.write(`<${PRIORITIES[level] ?? 6}>${line}`)
    },
  }
}

/** Returns a stream that shows each line as a person reads it: local time, level, message, and the other members. */
export async function readableLines(stream: DestinationStream, colorize = true): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty')
  const format = prettyFactory({
    colorize,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
    messageFormat: (line, key) => {
      const component = typeof line.component === 'string' ? `${line.component}: ` : ''
      return `${component}${textOf(line[key]) || requestOf(line)}`
    },
    ignore: 'component',
  })
  return { write: line => stream.write(format(line)) }
}

/** Returns the text of a request's line, which has no message. */
function requestOf({ method, path, status }: Record<string, unknown>): string {
  return [method, path, status].map(textOf).join(' ')
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
