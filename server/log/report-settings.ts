import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { isSensitive } from '../config/settings.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** Logs and counts each change of a setting while the server runs. Secrets are not shown. */
export function reportSettings(config: Config, metrics: Metrics, log: Logger): void {
  config.onAnyChange(({ section, key, before, value, by }) => {
    metrics.count('couchette/configuration/changes')
    const shown = (text: string | undefined): string | null =>
      text === undefined ? null : isSensitive(section, key) ? '****' : text
    log.info({ section, key, before: shown(before), value: shown(value), ...by }, 'setting changed')
  })
}
