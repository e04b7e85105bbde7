import type { Logger } from 'pino'
import { isDatabaseName } from '../../protocol/database-name.ts'
import { fail } from '../../protocol/errors.ts'
import { isShared, type MeshMember, type MeshState } from '../../protocol/mesh/members.ts'
import {
  hostOrder,
  passiveDocumentId,
  passiveHoldsId,
  type PassiveMember,
} from '../../protocol/mesh/passive-members.ts'
import { readJson } from '../../replicator/http/answer.ts'
import type { Connections } from '../../replicator/http/connections.ts'
import { HttpClient } from '../../replicator/http/http-client.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { HeldDatabases } from './held-databases.ts'
import type { MemberList } from './member-list.ts'
import type { Pull } from './mesh-jobs.ts'

export interface PassiveParts {
  readonly list: MemberList
  readonly held: HeldDatabases
  readonly credentials: Credentials
  readonly connections: () => Connections
  readonly timeoutMs: () => number
  readonly log: Logger
}

/** Milliseconds between two looks at the databases of a passive member. */
const LOOK_MS = 5_000
const MAX_ANSWER = 16 * 1024 * 1024

interface Look {
  readonly at: number
  readonly answers: boolean
  readonly databases: readonly string[]
}

/** Servers that know nothing of the mesh, CouchDBs: one of their hosts replicates with each, in both directions. */
export class PassiveMembers {
  readonly #parts: PassiveParts
  readonly #looks = new Map<string, Look>()

  constructor(parts: PassiveParts) {
    this.#parts = parts
  }

  /**
   * Adds a server, or has this node be one of its hosts, too.
   *
   * @throws PeerError `no_credentials`; `badRequest` where the server does not let this node list its databases
   */
  async add(name: string, url: string, credentials: string, self: string): Promise<void> {
    const { list } = this.#parts
    if ((await this.#ask({ url }, credentials)) === undefined)
      throw fail('badRequest', 'The server does not answer `_all_dbs` with these credentials.')
    const stored = await list.document(passiveDocumentId(name))
    const hosts = stored?.url === url ? (stored.hosts as object) : {}
    await list.write(passiveDocumentId(name), { url, hosts: { ...hosts, [self]: credentials } })
  }

  /** @throws `missing` */
  async remove(name: string): Promise<void> {
    const { list } = this.#parts
    if (!(await list.read()).passive.has(name)) throw fail('missing')
    await list.write(passiveDocumentId(name), { hosts: {} })
  }

  /** Returns other hosts that act before this node: it has to know whether they answer. */
  watched(self: string, { passive }: MeshState): string[] {
    return [...passive.values()].flatMap(member => {
      const order = hostOrder(member)
      return order.slice(0, Math.max(0, order.indexOf(self)))
    })
  }

  /** Returns the jobs of the passive members whose host this node is, as far as they answer. */
  async pulls(self: string, state: MeshState, isReachable: (id: string) => boolean): Promise<Pull[]> {
    const acting = [...state.passive.values()].filter(
      member => hostOrder(member).find(id => id === self || isReachable(id)) === self,
    )
    for (const name of this.#looks.keys())
      if (!acting.some(member => member.name === name)) this.#looks.delete(name)
    return (await Promise.all(acting.map(member => this.#pullsOf(member, self, state)))).flat()
  }

  /** Returns those that hold a database, as members of a quorum. */
  holdersOf(
    self: string,
    { passive }: MeshState,
    database: string,
  ): (MeshMember & { credentials: string })[] {
    return [...passive.values()]
      .filter(({ holds }) => holds.includes(database))
      .map(({ name, url, hosts, holds }) => ({
        ...{ id: `passive ${name}`, name, url, holds, region: '', key: '', partitioned: [] },
        credentials: hosts.get(self) ?? '',
      }))
  }

  /** Returns what the status of the mesh says of them. */
  describe(self: string, { passive }: MeshState, jobsOf: (id: string) => object): object[] {
    return [...passive.values()].map(member => ({
      ...{ name: member.name, url: member.url, holds: member.holds, hosts: hostOrder(member) },
      host: this.#looks.has(member.name),
      answers: this.#looks.get(member.name)?.answers ?? null,
      has_credentials: member.hosts.has(self),
      jobs: jobsOf(`passive ${member.name}`),
    }))
  }

  async #pullsOf(member: PassiveMember, self: string, state: MeshState): Promise<Pull[]> {
    const { settings } = state
    const credentials = member.hosts.get(self)!
    if (settings === undefined) return []
    const { answers, databases } = await this.#look(member, credentials)
    if (!answers) return []
    const { held, list } = this.#parts
    const there = databases.filter(name => isDatabaseName(name) && isShared(settings, name))
    const here = await held.names(settings)
    const wanted: string[] = []
    for (const name of there) if (await held.wants({ partitioned: [] }, name)) wanted.push(name)
    const holds = wanted.filter(name => name !== '_users').sort()
    if (String(holds) !== String(member.holds)) await list.write(passiveHoldsId(member.name), { holds })
    const to = { id: `passive ${member.name}`, url: member.url }
    const pull = (database: string, isPush: boolean): Pull => ({
      ...{ member: to, database },
      passive: { credentials, isPush },
    })
    const both = new Set([...here, ...wanted].filter(name => name !== '_users'))
    return [...both].flatMap(name => [
      ...(wanted.includes(name) ? [pull(name, false)] : []),
      pull(name, true),
    ])
  }

  async #look(member: PassiveMember, credentials: string): Promise<Look> {
    const before = this.#looks.get(member.name)
    if (before !== undefined && performance.now() - before.at < LOOK_MS) return before
    const databases = await this.#ask(member, credentials).catch(() => undefined)
    const answers = databases !== undefined
    const line = { member: member.name, url: member.url }
    if (!answers && before?.answers !== false) this.#parts.log.warn(line, 'a passive member does not answer')
    if (answers && before?.answers === false) this.#parts.log.info(line, 'a passive member answers again')
    const look = { at: performance.now(), answers, databases: databases ?? before?.databases ?? [] }
    this.#looks.set(member.name, look)
    return look
  }

  /** Returns the databases of a server; undefined where it does not list them. @throws PeerError */
  async #ask({ url }: Pick<PassiveMember, 'url'>, credentials: string): Promise<string[] | undefined> {
    const timeoutMs = this.#parts.timeoutMs()
    const endpoint = await this.#parts.credentials.resolve({ url: `${url}/`, headers: {}, credentials })
    const options = { connectionTimeoutMs: timeoutMs, retriesPerRequest: 0, httpConnections: 1 }
    const client = new HttpClient(endpoint, options, this.#parts.connections())
    const signal = AbortSignal.timeout(timeoutMs)
    return client.open({ method: 'GET', path: '_all_dbs' }, 'all', signal, async answer => {
      const names = await readJson(answer, MAX_ANSWER)
      const isList = answer.status === 200 && Array.isArray(names)
      return isList ? names.filter((name): name is string => typeof name === 'string') : undefined
    })
  }
}
