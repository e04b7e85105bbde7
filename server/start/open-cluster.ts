import type { Logger } from 'pino'
import { openLog } from '../cluster/log/open-log.ts'
import { Cluster } from '../cluster/service/cluster.ts'
import { clusterSettings } from '../cluster/service/cluster-settings.ts'
import type { Config } from '../config/config.ts'
import { componentLog } from '../log/log.ts'

/**
 * Makes this server a node of the cluster that `[cluster]` names; undefined where it names none. It begins when the server listens.
 *
 * @throws {StartError} for settings that are not complete
 */
export function clusterOf(config: Config, log: Logger): Cluster | undefined {
  const settings = clusterSettings(config)
  if (settings === undefined) return undefined
  return new Cluster({
    settings,
    config,
    log: componentLog(log, 'cluster'),
    openLog: () => openLog(settings.logUrl, settings.name),
  })
}
