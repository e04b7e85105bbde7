import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNode } from '../../harness/child-server.ts'
import type { ChildServer } from '../../harness/child-server.ts'
import { Client } from '../../harness/client.ts'

const CONNECTIONS = 8

export const DATABASE = 'cities'

export interface Node {
  readonly url: string
  /** The URL of the database. */
  readonly database: string
  readonly client: Client
}

/** Two nodes in temporary directories, stopped and removed after the use. */
export async function withNodes<Result>(use: (north: Node, south: Node) => Promise<Result>): Promise<Result> {
  const dir = await mkdtemp(join(tmpdir(), 'couchette-demo-'))
  const servers: ChildServer[] = []
  const nodes: Node[] = []
  try {
    const start = async (name: string) => {
      const server = await startNode(join(dir, name))
      servers.push(server)
      const client = new Client(server.url, CONNECTIONS)
      const node = { url: server.url, database: `${server.url}/${DATABASE}`, client }
      nodes.push(node)
      return node
    }
    return await use(await start('north'), await start('south'))
  } finally {
    await Promise.all(nodes.map(({ client }) => client.close()))
    await Promise.all(servers.map(server => server.stop()))
    await rm(dir, { recursive: true, force: true })
  }
}
