import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Authenticator } from '../auth/authenticator.ts'
import type { Config } from '../config/config.ts'
import type { Listener } from '../http/connection/listener.ts'
import type { Store } from '../storage/store.ts'
import { FrontThreads, type FrontThreadsHost } from '../threads/store/front-threads.ts'
import { componentLog } from '../log/log.ts'
import { SERVER_HEADER } from '../node/version.ts'
import type { Disposal } from './disposal.ts'
import { sparesMemory } from './memory.ts'
import type { NodeParts } from './open-node.ts'
import type { CouchetteOptions } from './options.ts'

/** With fewer cores writes lose more by threads than reads gain. */
const LEAST_CORES = 4
const MOST_AUTOMATIC = 8

interface ThreadsHost {
  readonly isInMemory: boolean
  readonly isInCluster: boolean
  /** True if requests are traced, which one thread does. */
  readonly isTraced: boolean
  /** Cores that the process may use. */
  readonly cores: number
}

/** Returns the number of front threads; 1 where this thread does everything. Threads share a listening socket by its descriptor. */
export function threadsOf(config: Config, host: ThreadsHost, log: Pick<Logger, 'warn'>): number {
  const threads = config.integer('couchette', 'threads')
  const reason = noThreads(host)
  if (threads === 0) return reason === undefined ? automaticThreads(config, host) : 1
  if (threads <= 1) return 1
  if (reason === undefined) return threads
  log.warn(`[couchette] threads = ${threads} has no effect: ${reason}. One thread serves.`)
  return 1
}

function noThreads({ isInMemory, isInCluster }: ThreadsHost): string | undefined {
  if (isInMemory) return 'databases in memory cannot be shared'
  if (process.platform === 'win32') return 'Windows has no listening sockets that threads can share'
  return isInCluster ? 'a node of a cluster has one thread' : undefined
}

/** Each thread takes some memory. */
function automaticThreads(config: Config, { isTraced, cores }: ThreadsHost): number {
  if (sparesMemory(config) || isTraced || cores < LEAST_CORES) return 1
  return Math.min(MOST_AUTOMATIC, cores - 1)
}

/** Front threads that did not start: a server whose number of threads is its own choice does without. */
export class FrontThreadsError extends Error {
  override readonly name = 'FrontThreadsError'
  readonly isAutomatic: boolean

  constructor(isAutomatic: boolean, cause: unknown) {
    super('The threads that take connections did not start', { cause })
    this.isAutomatic = isAutomatic
  }
}

/** Makes the front threads of a server, which begin with {@link takeConnections}; undefined where there are none. */
export function frontThreadsOf(
  threads: number,
  { data, logLevel }: CouchetteOptions,
  { config, metrics, log, logStream, tracing }: NodeParts,
  store: Store,
): FrontThreads | undefined {
  if (threads === 1) return undefined
  return new FrontThreads({
    threads,
    store: { directory: join(data, 'store'), dataKey: store.encryption?.dataKey },
    config,
    metrics,
    log: componentLog(log, 'threads'),
    logStream,
    logLevel,
    serverHeader: SERVER_HEADER,
    forwardsAll: tracing !== undefined,
  })
}

export interface TakingParts extends Omit<FrontThreadsHost, 'descriptor'> {
  readonly config: Config
  readonly log: Logger
  readonly fronts: FrontThreads | undefined
  readonly plain: Listener
  readonly authenticator: Authenticator
  readonly store: Store
}

/**
 * Has front threads take connections from here on.
 *
 * @throws {FrontThreadsError}
 */
export async function takeConnections(
  { config, log, fronts, plain, authenticator, store, ...host }: TakingParts,
  disposal: Disposal,
): Promise<void> {
  if (fronts === undefined) return
  if (plain.descriptor === undefined) throw new Error('the listening socket has no descriptor')
  disposal.add(() => fronts.stop())
  authenticator.onLockout(() => fronts.usersChanged())
  authenticator.whenFollowed = () => fronts.whenFollowed()
  await fronts.start({ ...host, descriptor: plain.descriptor }).catch((error: unknown) => {
    componentLog(log, 'threads').error({ err: error }, 'the threads that take connections did not start')
    throw new FrontThreadsError(config.integer('couchette', 'threads') === 0, error)
  })
  // Connections that came meanwhile are served here.
  void plain.stop()
  const { health } = store
  if (health === undefined) return
  health.onClosing = () => fronts.followStore('close_store')
  health.lost.onAdded = keys => fronts.keysLost(keys)
  disposal.add(health.onReopened(() => fronts.followStore('open_store')))
}
