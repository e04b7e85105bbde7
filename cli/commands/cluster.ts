import type { Context } from '../frame/context.ts'
import { OK } from '../frame/exit-codes.ts'
import type { Frame } from '../frame/frame.ts'
import { printable } from '../frame/table.ts'
import type { ClusterOptions, LocalCommands } from '../local-commands.ts'

/** Answer of `GET /_cluster`, as far as it is shown. */
interface ClusterReport {
  readonly name: string
  readonly node: string
  readonly state: string
  readonly reason: string | null
  readonly groups: readonly {
    readonly leader: string | null
    readonly epoch: number
    readonly position: number
  }[]
  readonly members: readonly {
    readonly node: string
    readonly url: string
    readonly role: string
    readonly position: number | null
    readonly behind: number | null
    readonly version: string | null
    readonly heard_ms: number | null
  }[]
}

/** Adds `cluster`: several nodes that share one history. */
export function addCluster(frame: Frame, local: LocalCommands): void {
  const cluster = frame
    .command('cluster', 'Shows the nodes of a cluster.', [
      ['couchette cluster', 'as "couchette cluster status"'],
      ['couchette cluster create --log postgres://db.example.org/couchette --name main', ''],
    ])
    .action(frame.run(showStatus))
  const options = (command: ReturnType<Frame['localCommand']>): typeof command =>
    command
      .requiredOption('--log <url>', 'log that the nodes share: postgres://… or nats://…')
      .option('--name <name>', 'name of the cluster', 'couchette')
      .option('--data <directory>', 'data directory of the node', './data')
      .option('--node <name>', "name of the node (default: the machine's, with four hex digits)")
      .option('--cluster-url <url>', 'URL under which the other nodes reach it (default: where it listens)')
  options(
    frame.localCommand(
      'create',
      'Makes a cluster, with this directory as its first node.',
      [['couchette cluster create --log postgres://db.example.org/couchette --name main', '']],
      cluster,
    ),
  )
    .option('--groups <number>', 'groups of databases', '1')
    .action(frame.run<ClusterOptions>((_context, given) => local.clusterCreate(given)))
  options(
    frame.localCommand(
      'join',
      'Makes this directory another node of a cluster.',
      [['couchette cluster join --log postgres://db.example.org/couchette --name main', '']],
      cluster,
    ),
  ).action(frame.run<ClusterOptions>((_context, given) => local.clusterJoin(given)))
  options(
    frame.localCommand(
      'new-log',
      'Makes a log that begins with the databases of this directory, whose server is stopped: for a server that becomes the first node of a cluster, or after a log was lost.',
      [
        [
          'couchette cluster new-log --log postgres://db.example.org/couchette --name main2',
          'Other nodes join it with empty directories.',
        ],
      ],
      cluster,
    ),
  ).action(frame.run<ClusterOptions>((_context, given) => local.clusterNewLog(given)))
  frame
    .command(
      'status',
      'Shows members, leader and positions.',
      [['couchette cluster status --json', '']],
      cluster,
    )
    .action(frame.run(showStatus))
  frame
    .command(
      'remove <node>',
      'Removes a node that will not come back.',
      [['couchette cluster remove node3', '']],
      cluster,
    )
    .action(frame.run<object, [string]>(remove))
}

async function showStatus(context: Context): Promise<number> {
  const report = await (await context.server()).get<ClusterReport>('_cluster')
  await context.print(report, () => {
    const { name, node, state, reason } = report
    const lines = [`Cluster ${printable(name)}, asked at ${printable(node)} (${state}).`]
    if (reason !== null) lines.push(printable(reason))
    return [...lines, '', memberTable(context, report)].join('\n')
  })
  return OK
}

function memberTable(context: Context, { members }: ClusterReport): string {
  const columns = ['NODE', 'ROLE', 'POSITION', 'BEHIND', 'HEARD', 'VERSION', 'URL']
  const rows = members.map(member => [
    printable(member.node),
    member.role,
    String(member.position ?? '–'),
    String(member.behind ?? '–'),
    member.heard_ms === null ? '–' : `${member.heard_ms} ms ago`,
    member.version ?? '–',
    printable(member.url),
  ])
  return context.table(
    columns.map(title => ({ title })),
    rows,
  )
}

async function remove(context: Context, _options: object, node: string): Promise<number> {
  const server = await context.server()
  await server.send('DELETE', `_cluster/members/${encodeURIComponent(node)}`)
  await context.print({ removed: node }, () => `${printable(node)} is a member no longer.`)
  return OK
}
