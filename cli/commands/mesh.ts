import type { Context } from '../frame/context.ts'
import { OK } from '../frame/exit-codes.ts'
import type { Frame } from '../frame/frame.ts'
import { readSecret } from '../frame/prompt.ts'
import { printable } from '../frame/table.ts'

/** Answer of `GET /_mesh`, as far as it is shown. */
interface MeshReport {
  readonly name: string | null
  readonly member: string
  readonly databases: readonly string[]
  readonly refused: string | null
  readonly members: readonly {
    readonly id: string
    readonly name: string
    readonly url: string
    readonly region: string
    readonly holds: readonly string[]
    readonly self: boolean
    readonly answers: boolean
    readonly pulled: boolean
    readonly jobs: Readonly<Record<string, string>>
  }[]
  readonly passive: readonly {
    readonly name: string
    readonly url: string
    readonly holds: readonly string[]
    /** This server replicates with it. */
    readonly host: boolean
    /** Null where this server is not its host. */
    readonly answers: boolean | null
    readonly jobs: Readonly<Record<string, string>>
  }[]
}

interface MemberOptions {
  readonly memberUrl?: string
  readonly region?: string
  readonly member?: string
}

interface CreateOptions extends MemberOptions {
  readonly databases?: string
  readonly users?: boolean
  readonly designDocuments?: boolean
}

/** Adds `mesh`: independent nodes that replicate databases among each other. */
export function addMesh(frame: Frame): void {
  const mesh = frame
    .command('mesh', 'Shows the mesh that a server is in: independent nodes that replicate.', [
      ['couchette mesh create shops --databases "app-*"', ''],
      ['couchette mesh invite', 'prints a token'],
      ['couchette mesh join https://first.example.org TOKEN', 'at another server'],
      ['couchette mesh', 'as "couchette mesh status"'],
    ])
    .action(frame.run(showStatus))
  asMember(
    frame.command(
      'create <name>',
      'Makes a mesh, with this server as its first member.',
      [['couchette mesh create shops --databases "app-*,orders" --region eu', '']],
      mesh,
    ),
  )
    .option('--databases <patterns>', 'names of shared databases, with commas between; * is any text', '*')
    .option('--users', 'shares _users, too')
    .option('--no-design-documents', 'leaves design documents to each member')
    .action(frame.run<CreateOptions, [string]>(create))
  frame
    .command(
      'invite',
      'Makes a token with which one server can join, once.',
      [['couchette mesh invite --hours 1', '']],
      mesh,
    )
    .option('--hours <number>', 'hours for which it is valid', '24')
    .action(frame.run<{ readonly hours: string }>(invite))
  asMember(
    frame.command(
      'join <at> [token]',
      'Joins the mesh of the server that made an invitation.',
      [['couchette mesh join https://first.example.org < token', '']],
      mesh,
    ),
  ).action(frame.run<MemberOptions, [string, string | undefined]>(join))
  frame
    .command('leave', 'Leaves the mesh; databases stay as they are.', [['couchette mesh leave', '']], mesh)
    .option('--force', 'leaves although no member answers: another one has to remove this server')
    .action(frame.run<{ readonly force?: boolean }>(leave))
  frame
    .command(
      'remove <member>',
      'Removes a member for good: it has no access any more.',
      [['couchette mesh remove 4f1c2a…', '']],
      mesh,
    )
    .action(frame.run<object, [string]>(remove))
  frame
    .command(
      'add-passive <name> <url>',
      'Takes in a CouchDB, with which this server replicates for the mesh; or has this server be a host of it, too.',
      [['couchette mesh add-passive old https://couch.example.org --credentials couch', '']],
      mesh,
    )
    .option('--credentials <name>', 'credentials of this server for it (default: its name)')
    .action(frame.run<{ readonly credentials?: string }, [string, string]>(addPassive))
  frame
    .command(
      'remove-passive <name>',
      'Ends the replication with a CouchDB; databases stay as they are.',
      [['couchette mesh remove-passive old', '']],
      mesh,
    )
    .action(frame.run<object, [string]>(removePassive))
  frame
    .command('status', 'Shows members and jobs.', [['couchette mesh status --json', '']], mesh)
    .action(frame.run(showStatus))
}

function asMember(command: ReturnType<Frame['command']>): ReturnType<Frame['command']> {
  return command
    .option('--member-url <url>', 'URL under which other members reach it (default: where it listens)')
    .option('--region <name>', 'region: members of one are near each other')
    .option('--member <name>', 'name to show (default: host and port)')
}

function memberJson({ memberUrl, region, member }: MemberOptions): object {
  return {
    ...(memberUrl === undefined ? {} : { url: memberUrl }),
    ...(region === undefined ? {} : { region }),
    ...(member === undefined ? {} : { member }),
  }
}

async function create(context: Context, options: CreateOptions, name: string): Promise<number> {
  const { databases = '*', users = false, designDocuments = true } = options
  const body = {
    name,
    databases: databases.split(',').map(pattern => pattern.trim()),
    users,
    design_documents: designDocuments,
    ...memberJson(options),
  }
  const answer = await (await context.server()).send('PUT', '_mesh', body)
  await context.print(answer, () => `The mesh ${printable(name)} has one member: this server.`)
  return OK
}

async function invite(context: Context, { hours }: { readonly hours: string }): Promise<number> {
  const server = await context.server()
  const answer = await server.send<{ token: string }>('POST', '_mesh/invitations', {
    lifetime: Number(hours) * 3600,
  })
  await context.print(answer, ({ token }) => token)
  return OK
}

async function join(
  context: Context,
  options: MemberOptions,
  at: string,
  given: string | undefined,
): Promise<number> {
  const token = given ?? (await readSecret(context.io, 'token', 'standard input', true))
  const body = { at, token, ...memberJson(options) }
  const answer = await (await context.server()).send('POST', '_mesh/join', body)
  await context.print(answer, () => `This server is a member of the mesh of ${printable(at)} now.`)
  return OK
}

async function leave(context: Context, { force = false }: { readonly force?: boolean }): Promise<number> {
  const server = await context.server()
  const answer = await server.send('DELETE', '_mesh', undefined, { force })
  await context.print(answer, () => 'This server is in no mesh any more.')
  return OK
}

async function remove(context: Context, _options: object, member: string): Promise<number> {
  const server = await context.server()
  const answer = await server.send('DELETE', `_mesh/members/${encodeURIComponent(member)}`)
  await context.print(answer, () => `${printable(member)} is no member any more.`)
  return OK
}

async function addPassive(
  context: Context,
  { credentials }: { readonly credentials?: string },
  name: string,
  url: string,
): Promise<number> {
  const body = { url, credentials: credentials ?? name }
  const path = `_mesh/passive/${encodeURIComponent(name)}`
  const answer = await (await context.server()).send('PUT', path, body)
  await context.print(answer, () => `This server can replicate with ${printable(url)} for the mesh now.`)
  return OK
}

async function removePassive(context: Context, _options: object, name: string): Promise<number> {
  const server = await context.server()
  const answer = await server.send('DELETE', `_mesh/passive/${encodeURIComponent(name)}`)
  await context.print(answer, () => `No member replicates with ${printable(name)} any more.`)
  return OK
}

async function showStatus(context: Context): Promise<number> {
  const report = await (await context.server()).get<MeshReport>('_mesh')
  await context.print(report, () => {
    const { name, databases, refused } = report
    const lines = [`Mesh ${printable(name ?? '(joining)')}, shares ${printable(databases.join(', '))}.`]
    if (refused !== null) lines.push(printable(refused))
    return [...lines, '', memberTable(context, report)].join('\n')
  })
  return OK
}

function memberTable(context: Context, { members, passive }: MeshReport): string {
  const columns = ['MEMBER', 'NAME', 'REGION', 'STATE', 'DATABASES', 'JOBS', 'URL']
  const rows = members.map(member => [
    member.id,
    printable(member.name),
    printable(member.region) || '–',
    member.self ? 'this server' : member.answers ? 'answers' : 'does not answer',
    String(member.holds.length),
    member.pulled ? String(Object.keys(member.jobs).length) : '–',
    printable(member.url),
  ])
  const others = passive.map(({ name, url, host, answers, holds, jobs }) => [
    'passive',
    printable(name),
    '–',
    answers === null ? 'at another host' : answers ? 'answers' : 'does not answer',
    String(holds.length),
    host ? String(Object.keys(jobs).length) : '–',
    printable(url),
  ])
  return context.table(
    columns.map(title => ({ title })),
    [...rows, ...others],
  )
}
