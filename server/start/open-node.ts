import { mkdir } from 'node:fs/promises'
import type { DestinationStream, Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { fileError } from '../config/start-error.ts'
import { LogTail } from '../log/log-tail.ts'
import { openLogWriter } from '../log/log-writer.ts'
import { componentLog, createLog } from '../log/log.ts'
import { reportSettings } from '../log/report-settings.ts'
import { Metrics } from '../metrics/metrics.ts'
import { NodeHealth } from '../metrics/node-health.ts'
import { openTracing } from '../tracing/open-tracing.ts'
import type { Tracing } from '../tracing/tracing.ts'
import { openConfig } from './config-sources.ts'
import type { Disposal } from './disposal.ts'
import type { CouchetteOptions } from './options.ts'

/** The parts of a server that know of no database: configuration, log and metrics. */
export interface NodeParts {
  readonly config: Config
  readonly log: Logger
  readonly logTail: LogTail
  /** Opens the log's file again, after it was moved away; undefined if the log goes elsewhere. */
  readonly reopenLog: (() => void) | undefined
  /** Destination of the log's lines. */
  readonly logStream: DestinationStream
  readonly health: NodeHealth
  readonly metrics: Metrics
  /** Undefined unless a collector is configured. */
  readonly tracing: Tracing | undefined
}

/**
 * Makes the data directory, reads the configuration and opens the log.
 *
 * @throws {StartError} for a directory or a file that cannot be used
 */
export async function openNode(options: CouchetteOptions, disposal: Disposal): Promise<NodeParts> {
  await mkdir(options.data, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileError(error, 'The data directory', options.data)
  })
  const config = await openConfig(options)
  disposal.add(() => config.close())
  const writer = await openLogWriter(config, options.data)
  disposal.add(() => writer.close())
  const logTail = new LogTail(() => config.integer('couchette', 'log_tail'))
  const logStream = logTail.beside(writer.stream)
  const log = createLog(config, logStream, options.logLevel)
  const tracing = await openTracing(config, componentLog(log, 'tracing'))
  disposal.add(() => tracing?.close())
  const health = new NodeHealth(options.data)
  disposal.add(() => health.close())
  const metrics = new Metrics()
  reportSettings(config, metrics, componentLog(log, 'config'))
  return { config, log, logTail, logStream, reopenLog: writer.reopen, health, metrics, tracing }
}
