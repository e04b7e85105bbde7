import { ADMIN } from '../../harness/child-server.ts'
import { TEST_THREADS, THREAD_SETTINGS } from '../../harness/test-threads.ts'
import { createServer } from '../../server/main.ts'
import type { Couchette, CouchetteOptions } from '../../server/main.ts'
import { tempDir } from './temp.ts'

export interface RunningServer {
  /** With the admin's credentials. */
  readonly url: string
  readonly couchette: Couchette
  /** Closes the server and removes its data. */
  readonly close: () => Promise<void>
}

/** On a busy machine the five seconds of the default do not compile the functions of a design document. */
export const SLOW_FUNCTIONS = { section: 'couchdb', key: 'os_process_timeout', value: '60000' }

/** Role of the node that tests ask, of three that form a cluster, where the environment names one: `follower` or `leader`. */
const TEST_CLUSTER = process.env['COUCHETTE_TEST_CLUSTER']

/** A real server on a free port, with its data in a directory of its own, and an admin. */
export async function startServer(options: Partial<CouchetteOptions> = {}): Promise<RunningServer> {
  if (TEST_CLUSTER !== undefined && Object.keys(options).every(option => option === 'settings'))
    return startCluster(options.settings, TEST_CLUSTER === 'leader')
  const dir = await tempDir()
  const couchette = await createServer({
    data: dir.path,
    port: 0,
    admin: ADMIN,
    logLevel: 'silent',
    ...options,
    // Threads share a store on disk alone.
    ...(TEST_THREADS > 1 ? { memory: false } : {}),
    settings: [...THREAD_SETTINGS, SLOW_FUNCTIONS, ...(options.settings ?? [])],
  })
  const close = async () => {
    await couchette.close()
    await dir.remove()
  }
  return { url: couchette.url.replace('://', `://${ADMIN.name}:${ADMIN.password}@`), couchette, close }
}

/** Three nodes, of which a follower is asked, or their leader. */
async function startCluster(
  settings: CouchetteOptions['settings'] = [],
  isForLeader: boolean,
): Promise<RunningServer> {
  // It needs this module.
  const { ServerCluster } = await import('./server-cluster.ts')
  const cluster = await ServerCluster.start({ settings })
  const leader = await cluster.leader()
  const node = isForLeader ? leader : cluster.nodes.find(one => one !== leader)!
  return { url: node.url, couchette: node.couchette!, close: () => cluster.close() }
}
