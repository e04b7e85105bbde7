import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ChildServer, startNode } from '../../harness/child-server.ts'
import { Client, inParallel } from '../../harness/client.ts'
import { type Distance, MemberLink } from '../../harness/member-link.ts'

export const DATABASE = 'app-bench'
const STARTED_AT_ONCE = 4
const MOST_MS = 900_000
/** On a busy machine a member answers late. */
const PATIENT = ['--set', 'mesh/answer_timeout=10000', '--set', 'mesh/join_timeout=60000']
/** Asking many members costs them time. */
const LOOK_EVERY_MS = 250

/** A member of a mesh, in a process of its own. */
export interface Member {
  readonly server: ChildServer
  readonly client: Client
  readonly region: string
  /** Connection that the others use, with its delay and loss; undefined where they use the server's own address. */
  readonly link: MemberLink | undefined
  id: string
}

export interface MembersOptions {
  /** Returns the region of the member with a number; "" without regions. */
  readonly regionOf?: (index: number) => string
  /** Between members of different regions. */
  readonly distance?: Distance
  /** Arguments of the command line, such as `--set`. */
  readonly more?: readonly string[]
}

/** A member as another one sees it, in `GET /_mesh`. */
export interface SeenMember {
  readonly id: string
  readonly answers: boolean
  readonly pulled: boolean
}

/** Starts and joins members, which share one database; closes them when `use` has ended. */
export async function withMembers<Result>(
  count: number,
  options: MembersOptions,
  use: (members: readonly Member[]) => Promise<Result>,
): Promise<Result> {
  const dir = await mkdtemp(join(tmpdir(), 'couchette-mesh-'))
  const members: Member[] = []
  try {
    await inParallel(STARTED_AT_ONCE, Array.from({ length: count }).keys(), async n => {
      members.push(await startMember(join(dir, String(n)), n, options, members))
    })
    await joinMembers(members)
    return await use(members)
  } finally {
    await Promise.all(members.map(({ client }) => client.close()))
    await Promise.all(members.map(({ server }) => server.stop()))
    for (const { link } of members) await link?.close()
    await rm(dir, { recursive: true, force: true })
  }
}

async function startMember(
  dir: string,
  index: number,
  { regionOf = () => '', distance, more = [] }: MembersOptions,
  members: readonly Member[],
): Promise<Member> {
  const region = regionOf(index)
  const server = await startNode(dir, {}, [...PATIENT, ...more])
  const regionAt = (id: string): string => members.find(member => member.id === id)?.region ?? region
  const link =
    distance &&
    (await MemberLink.start(Number(new URL(server.url).port), id =>
      regionAt(id) === region ? { roundTripMs: 0 } : distance,
    ))
  return { server, client: new Client(server.url, 4), region, link, id: '' }
}

async function joinMembers(members: readonly Member[]): Promise<void> {
  const [first, ...others] = members as [Member, ...Member[]]
  const settings = { name: 'bench', databases: ['app-*'], ...ownAddress(first) }
  await first.client.json('PUT', '/_mesh', 201, JSON.stringify(settings))
  const at = ownAddress(first).url
  for (const member of others)
    await until('a member is taken in', async () => {
      const { token } = await first.client.json<{ token: string }>('POST', '/_mesh/invitations', 201, '{}')
      const joining = JSON.stringify({ at, token, ...ownAddress(member) })
      const { status, body } = await member.client.send('POST', '/_mesh/join', joining)
      // The first member may be too busy to answer in time.
      if (status !== 201 && status !== 502) throw new Error(`/_mesh/join: ${status} ${body.toString()}`)
      return status === 201
    })
  for (const member of members)
    member.id = (await member.client.json<{ member: string }>('GET', '/_mesh', 200)).member
  await first.client.json('PUT', `/${DATABASE}`, 201)
  await until('all members hold the database', async () => {
    const known = await Promise.all(members.map(({ client }) => client.send('GET', `/${DATABASE}/_quorum`)))
    return known.every(({ body }) => body.toString().includes(`"members":${members.length}`))
  })
}

function ownAddress({ server, link, region }: Member): { url: string; region?: string } {
  return { url: link?.url ?? new URL(server.url).origin, ...(region === '' ? {} : { region }) }
}

/** Returns the members as one of them sees them. */
export async function seenBy({ client }: Member): Promise<readonly SeenMember[]> {
  return (await client.json<{ members: SeenMember[] }>('GET', '/_mesh', 200)).members
}

export async function countOf({ client }: Member): Promise<number> {
  return (await client.json<{ doc_count: number }>('GET', `/${DATABASE}`, 200)).doc_count
}

/** A running job in `_active_tasks?lag=true`. */
export interface Task {
  readonly source: string
  readonly target: string
  readonly docs_written?: number
  readonly bytes_read?: number
}

/** Returns a member's running jobs of the database. */
export async function tasksOf({ client }: Member): Promise<readonly Task[]> {
  const tasks = await client.json<(Partial<Task> & Task)[]>('GET', '/_active_tasks?lag=true', 200)
  return tasks.filter(({ target }) => target?.includes(DATABASE))
}

export async function writeMany({ client }: Member, docs: readonly object[]): Promise<void> {
  await client.json('POST', `/${DATABASE}/_bulk_docs`, 201, JSON.stringify({ docs }))
}

/** Waits, and returns the milliseconds that it took. @throws after a quarter of an hour */
export async function until(what: string, holds: () => Promise<boolean>): Promise<number> {
  const began = performance.now()
  while (!(await holds())) {
    if (performance.now() - began > MOST_MS) throw new Error(`not in time: ${what}`)
    await sleep(LOOK_EVERY_MS)
  }
  return performance.now() - began
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
