import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino'
import type { Authenticator } from '../auth/authenticator.ts'
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

/**
 * The server's log: one JSON object a line. What clients send is not in it: no headers, queries or
 * bodies, and no messages of parsers, which quote what they parse.
 *
 * @param level one of `LOG_LEVELS`; without one `[log] level` says it, also when it changes
 */
export function createLog(config: Config, stream: DestinationStream, level?: string): Logger {
  const configured = () => LEVELS[config.text('log', 'level')] ?? 'warn'
  const serializers = { err: (error: Error) => withoutBytes(withoutQuotes(stdSerializers.err(error))) }
  const log = pino(
    { level: level === undefined ? configured() : (LEVELS[level] ?? level), serializers, base: null },
    stream,
  )
  if (level === undefined) config.onChange('log', () => (log.level = configured()))
  return log
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

/** Notes logins that failed, and the names that were tried; and handlers of the configuration that are passed over. */
export function watchLogins(authenticator: Authenticator, config: Config, log: Logger): void {
  authenticator.onUnknownHandlers = ({ unknown, names, isDefault }) => {
    const used = isDefault ? 'none is left, so the default ones are used' : 'they are passed over'
    log.error(
      { unknown, used: names },
      `[chttpd] authentication_handlers has handlers that are not known: ${used}`,
    )
  }
  if (authenticator.handlers.includes('proxy') && !config.boolean('chttpd_auth', 'proxy_use_secret')) {
    log.warn(
      'Proxy authentication is on and [chttpd_auth] proxy_use_secret is off: whoever reaches the port is whom the headers name.',
    )
  }
  authenticator.onFailure = (name, peer) => log.warn({ user: name, peer }, 'authentication failed')
}
