import type { Logger } from 'pino'
import type { Authenticator } from '../auth/authenticator.ts'
import type { Config } from '../config/config.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** Logs and counts logins that are refused and names that are locked; and handlers that are passed over. */
export function reportLogins(
  authenticator: Authenticator,
  { config, metrics, log }: { config: Config; metrics: Metrics; log: Logger },
): void {
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
  authenticator.onFailure = ({ name, peer, cause }) => {
    const isLocked = cause === 'locked'
    metrics.count(isLocked ? 'couchette/logins/refused_while_locked' : 'couchette/logins/failures')
    const message = isLocked ? 'authentication refused: the name is locked' : 'authentication failed'
    log.warn({ user: name, peer }, message)
  }
  authenticator.onLockout(({ name, peer }, mode) => {
    if (mode === 'enforce') metrics.count('couchette/logins/lockouts')
    const after = config.integer('chttpd_auth_lockout', 'threshold')
    const seconds = Math.round(config.integer('chttpd_auth_lockout', 'max_lifetime') / 1000)
    const done =
      mode === 'enforce'
        ? 'the name is locked'
        : 'the name is not locked, as [chttpd_auth_lockout] mode is warn'
    log.warn({ user: name, peer, failures: after, seconds }, `too many wrong passwords: ${done}`)
  })
}
