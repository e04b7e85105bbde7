import { runCli } from '../cli/run-cli.ts'
import { eventually } from './eventually.ts'
import { call } from './http.ts'
import { leavesOf } from './replication.ts'
import { type RunningServer, startServer } from './server.ts'

/** Settings with which members of a test look at each other quickly. */
export const QUICK = [{ section: 'mesh', key: 'answer_timeout', value: '5000' }]

const PATIENCE = { withinMs: 90_000 }

interface StatusOfMember {
  readonly id: string
  readonly self: boolean
  readonly answers: boolean
  readonly holds: readonly string[]
}

/** Runs a command of the mesh at a node. @throws where it fails */
export async function meshCommand({ url }: Pick<RunningServer, 'url'>, ...args: string[]): Promise<string> {
  const { code, out, err } = await runCli(['mesh', ...args, '--url', url])
  if (code !== 0) throw new Error(`mesh ${args.join(' ')}: ${err}`)
  return out.trim()
}

/** Joins nodes by commands only; the first one makes the mesh. */
export async function joinAll(
  nodes: readonly RunningServer[],
  regionOf: (index: number) => string = () => '',
  urlOf: (node: RunningServer) => string = ({ couchette }) => couchette.url,
): Promise<void> {
  const [first, ...others] = nodes
  const options = (node: RunningServer, index: number): string[] => {
    const region = regionOf(index)
    return ['--member-url', urlOf(node), ...(region === '' ? [] : ['--region', region])]
  }
  await meshCommand(first!, 'create', 'shops', '--databases', 'app-*', ...options(first!, 0))
  for (const [index, node] of others.entries()) {
    const token = await meshCommand(first!, 'invite')
    await meshCommand(node, 'join', urlOf(first!), token, ...options(node, index + 1))
  }
}

/** Starts nodes in this process, each a server on a port of its own with a store in memory. */
export async function startNodes(count: number): Promise<RunningServer[]> {
  const nodes: RunningServer[] = []
  for (let n = 0; n < count; n++) nodes.push(await startServer({ memory: true, settings: QUICK }))
  return nodes
}

export async function closeAll(nodes: readonly RunningServer[]): Promise<void> {
  await Promise.all(nodes.map(node => node.close()))
}

export async function meshOf({ url }: Pick<RunningServer, 'url'>): Promise<readonly StatusOfMember[]> {
  const { body } = await call<{ members?: StatusOfMember[] }>(url, 'GET', '/_mesh')
  return body.members ?? []
}

export async function memberIdOf(node: RunningServer): Promise<string> {
  const { body } = await call<{ member: string }>(node.url, 'GET', '/_mesh')
  return body.member
}

/** Waits until all nodes know of so many members. */
export async function allKnow(nodes: readonly RunningServer[], count = nodes.length): Promise<void> {
  for (const node of nodes)
    await eventually(
      `${node.url} knows ${count} members`,
      async () => (await meshOf(node)).length === count,
      PATIENCE,
    )
}

/** Waits until all nodes have the same leaves of a database. */
export async function allEqual(nodes: readonly RunningServer[], database: string): Promise<void> {
  await eventually(
    `all have the same leaves of ${database}`,
    async () => {
      const leaves = await Promise.all(nodes.map(({ url }) => leavesOf(url, database).catch(() => undefined)))
      const texts = leaves.map(found => JSON.stringify(Object.entries(found ?? {}).sort()))
      return leaves.every(found => found !== undefined) && texts.every(text => text === texts[0])
    },
    PATIENCE,
  )
}
