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
import type { NodeParts } from './open-node.ts'
import type { CouchetteOptions } from './options.ts'

/** The number of front threads; 1 where this thread does everything. Threads share a listening socket by its descriptor. */
export function threadsOf(
  config: Config,
  { isInMemory, isInCluster }: { readonly isInMemory: boolean; readonly isInCluster: boolean },
  log: Pick<Logger, 'warn'>,
): number {
  const threads = Math.max(1, config.integer('couchette', 'threads'))
  const reason = isInMemory
    ? 'databases in memory cannot be shared'
    : process.platform === 'win32'
      ? 'Windows has no listening sockets that threads can share'
      : isInCluster
        ? 'a node of a cluster has one thread'
        : undefined
  if (threads === 1 || reason === undefined) return threads
  log.warn(`[couchette] threads = ${threads} has no effect: ${reason}. One thread serves.`)
  return 1
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
  readonly fronts: FrontThreads | undefined
  readonly plain: Listener
  readonly authenticator: Authenticator
  readonly store: Store
}

/** Has front threads take connections from here on. */
export async function takeConnections(
  { fronts, plain, authenticator, store, ...host }: TakingParts,
  disposal: Disposal,
): Promise<void> {
  if (fronts === undefined) return
  if (plain.descriptor === undefined) throw new Error('the listening socket has no descriptor')
  disposal.add(() => fronts.stop())
  authenticator.onLockout(() => fronts.usersChanged())
  authenticator.whenFollowed = () => fronts.whenFollowed()
  await fronts.start({ ...host, descriptor: plain.descriptor })
  // Connections that came meanwhile are served here.
  void plain.stop()
  const { health } = store
  if (health === undefined) return
  health.onClosing = () => fronts.closeStore()
  disposal.add(health.onReopened(() => fronts.openStore()))
}
