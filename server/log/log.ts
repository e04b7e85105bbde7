import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino'
import type { Config } from '../config/config.ts'

/** CouchDB's levels in pino's words. */
const LEVELS: Readonly<Record<string, string>> = {
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warning: 'warn',
  warn: 'warn',
  error: 'error',
  err: 'error',
  critical: 'fatal',
  crit: 'fatal',
  alert: 'fatal',
  emergency: 'fatal',
  emerg: 'fatal',
  none: 'silent',
}

/** pino's own words, which `--log-level` takes too. */
const PINO_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** The levels that a person may choose: pino's and CouchDB's words. */
export const LOG_LEVELS: readonly string[] = [...new Set([...PINO_LEVELS, ...Object.keys(LEVELS)])]

export function isLogLevel(text: string): boolean {
  return LOG_LEVELS.includes(text)
}

/** Parts of the server that name themselves in their log lines, as `component`. */
export type LogComponent =
  | 'http'
  | 'auth'
  | 'config'
  | 'store'
  | 'database'
  | 'feeds'
  | 'queries'
  | 'compaction'
  | 'retention'
  | 'replication'
  | 'backup'
  | 'threads'
  | 'conflicts'
  | 'tracing'
  | 'cluster'
  | 'mesh'

/** Returns the log of one part of the server: its lines carry the part's name. */
export function componentLog(log: Logger, component: LogComponent): Logger {
  return log.child({ component })
}

/**
 * Creates the server's log: one JSON object a line, with `level` as a word and `time` as ISO 8601. What clients send is
 * not in it: no headers, queries or bodies, and no messages of parsers, which quote what they parse.
 *
 * @param level one of `LOG_LEVELS`; without it the level follows `[log] level`, also in loggers made of this one
 */
export function createLog(config: Config, stream: DestinationStream, level?: string): Logger {
  const configured = () => LEVELS[config.text('log', 'level')] ?? 'warn'
  const children = new Set<WeakRef<Logger>>()
  const log: Logger = pino(
    {
      level: level === undefined ? configured() : (LEVELS[level] ?? level),
      serializers: { err: (error: Error) => withoutBytes(withoutQuotes(stdSerializers.err(error))) },
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: word => ({ level: word }) },
      onChild: child => remember(children, child),
    },
    stream,
  )
  if (level === undefined) {
    config.onChange('log', () => {
      log.level = configured()
      for (const child of children) setLevel(child, log.level)
    })
  }
  return log
}

/** Entries of collected loggers are dropped whenever the set has grown by so many. */
const PRUNE_AT = 256

/** Keeps a child without holding it: pino copies the level into each child when it is made. */
function remember(children: Set<WeakRef<Logger>>, child: Logger): void {
  children.add(new WeakRef(child))
  if (children.size % PRUNE_AT !== 0) return
  for (const known of children) if (known.deref() === undefined) children.delete(known)
}

function setLevel(child: WeakRef<Logger>, level: string): void {
  const logger = child.deref()
  if (logger !== undefined) logger.level = level
}

function withoutQuotes<T extends { type: string; message: string; stack: string }>(error: T): T {
  if (error.type !== 'SyntaxError') return error
  const frames = error.stack.split('\n').filter(line => line.startsWith('    at '))
  return { ...error, message: 'cannot be parsed', stack: frames.join('\n') }
}

/** Node's parser of HTTP hands out the bytes of the request, credentials and all. */
function withoutBytes<T extends object>(error: T): T {
  return 'rawPacket' in error ? { ...error, rawPacket: undefined } : error
}
