import { hostname } from 'node:os'
import type { Config } from '../../config/config.ts'
import { StartError } from '../../config/start-error.ts'
import { withoutTrailing } from '../../../protocol/trailing.ts'

/** Settings of a node that are read at its start. */
export interface ClusterSettings {
  readonly logUrl: string
  readonly name: string
  readonly node: string
  readonly secret: string
}

/**
 * Reads `[cluster]`; undefined for a server that is no node of a cluster.
 *
 * @throws {StartError} where a node has no name or no secret, which the commands write
 */
export function clusterSettings(config: Config): ClusterSettings | undefined {
  const logUrl = config.text('cluster', 'log')
  if (logUrl === '') return undefined
  const [name, node, secret] = (['name', 'node', 'secret'] as const).map(key => config.text('cluster', key))
  if (node === '' || secret === '')
    throw new StartError(
      `[cluster] log is set, and ${node === '' ? 'node' : 'secret'} is not: run couchette cluster create, or join, for this data directory first.`,
    )
  return { logUrl, name: name!, node: node!, secret: secret! }
}

/** Returns the URL under which other nodes reach this one. @param listening without credentials */
export function ownClusterUrl(config: Config, listening: string): string {
  const configured = withoutTrailing(config.text('cluster', 'url'), '/')
  if (configured !== '') return configured
  return listening.replace(/^http:\/\/(0\.0\.0\.0|\[::\])(?=:)/, `http://${hostname()}`)
}
