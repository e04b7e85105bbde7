import { NatsCluster } from '../../engines/cluster/nats-cluster.ts'
import { PostgresPair } from '../../engines/cluster/postgres-pair.ts'
import { TcpProxy } from '../../helpers/tcp-proxy.ts'

/** An engine of the log whose servers can be killed, one at a time. */
export interface TortureEngine {
  /** URL under which nodes reach it at an address of this machine. */
  readonly url: string
  /** Number of servers that may be killed. */
  readonly servers: number
  kill(server: number): Promise<void>
  up(server: number): Promise<void>
  close(): Promise<void>
}

/** Starts an engine on loopback, which an address of a network leads to. */
export async function startEngine(kind: 'postgres' | 'nats', address: string): Promise<TortureEngine> {
  return kind === 'nats' ? startNats(address) : startPostgres(address)
}

/** A primary and its synchronous standby: while either is away, nothing is acknowledged. */
async function startPostgres(address: string): Promise<TortureEngine> {
  const pair = await PostgresPair.start()
  const proxy = await TcpProxy.start(pair.ports.primary, address)
  const roles = ['primary', 'standby'] as const
  return {
    url: `postgres://couchette@${address}:${proxy.port}/postgres`,
    servers: roles.length,
    kill: server => pair.kill(roles[server]!),
    up: server => pair.up(roles[server]!),
    close: async () => {
      await proxy.close()
      await pair.close()
    },
  }
}

async function startNats(address: string): Promise<TortureEngine> {
  const nats = await NatsCluster.start()
  const proxies: TcpProxy[] = []
  for (const one of nats.addresses) proxies.push(await TcpProxy.start(Number(one.split(':')[1]), address))
  return {
    url: `nats://${proxies.map(({ port }) => `${address}:${port}`).join(',')}`,
    servers: proxies.length,
    kill: server => nats.kill(server),
    up: server => nats.up(server),
    close: async () => {
      for (const proxy of proxies) await proxy.close()
      await nats.close()
    },
  }
}
