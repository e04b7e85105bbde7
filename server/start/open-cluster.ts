import { readFile } from 'node:fs/promises'
import type { Logger } from 'pino'
import { entryCipher } from '../cluster/entry/entry-cipher.ts'
import { checkSecretFiles, openLog } from '../cluster/log/open-log.ts'
import { Cluster } from '../cluster/service/cluster.ts'
import { clusterSettings } from '../cluster/service/cluster-settings.ts'
import type { Config } from '../config/config.ts'
import { fileError } from '../config/start-error.ts'
import { componentLog } from '../log/log.ts'
import { masterKeysOf } from './open-store.ts'
import type { CouchetteOptions } from './options.ts'

/**
 * Makes this server a node of the cluster that `[cluster]` names; undefined where it names none. It begins when the server listens.
 *
 * @throws {StartError} for settings that are not complete
 * @throws {StoreUnavailableError} for a file with a secret that others can read
 */
export async function clusterOf(
  options: CouchetteOptions,
  config: Config,
  log: Logger,
): Promise<Cluster | undefined> {
  const settings = clusterSettings(config)
  if (settings === undefined) return undefined
  if (options.clusterLog === undefined) await checkSecretFiles(settings.logUrl)
  const keys = options.memory === true ? undefined : await masterKeysOf(options)
  return new Cluster({
    settings,
    authorities: await authoritiesOf(config),
    cipher: keys && entryCipher(keys),
    config,
    log: componentLog(log, 'cluster'),
    openLog: async () => options.clusterLog?.() ?? (await openLog(settings.logUrl, settings.name)),
  })
}

/** @throws {StartError} where `[cluster] cacert_file` names a file that cannot be read */
async function authoritiesOf(config: Config): Promise<string | undefined> {
  const path = config.text('cluster', 'cacert_file')
  if (path === '') return undefined
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(error, 'The file of [cluster] cacert_file', path)
  })
}
