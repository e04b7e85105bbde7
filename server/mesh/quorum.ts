import { asDocId, type DocId } from '../../protocol/document-id.ts'
import { fail } from '../../protocol/errors.ts'
import type { MeshMember } from '../../protocol/mesh/members.ts'
import { parseRev, type Rev } from '../../protocol/revision.ts'
import { leaves } from '../../protocol/revtree/leaves.ts'
import type { MemberSigner } from '../../protocol/replication-endpoint.ts'
import { SERVER } from '../../protocol/user-context.ts'
import { readAll, readJson } from '../../replicator/http/answer.ts'
import type { Connections } from '../../replicator/http/connections.ts'
import { HttpClient } from '../../replicator/http/http-client.ts'
import { HttpPeer } from '../../replicator/http/http-peer.ts'
import { encodeDocId } from '../../replicator/http/open-revision.ts'
import type { Config } from '../config/config.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { Database } from '../database/database.ts'
import { configuredDocumentLimits } from '../database/documents/document-limits.ts'
import { openRevisions } from '../database/documents/read-document.ts'
import { revsDiff } from '../database/documents/revs-diff.ts'
import { writeDocuments } from '../database/documents/write-documents.ts'
import { openedRevision } from '../replication/local-revisions.ts'
import { parseReceived } from '../replication/received-documents.ts'

/** A member that holds a database; a passive one with the name of credentials at this server, "" where it has none. */
export type Holder = MeshMember & { readonly credentials?: string }

/** The mesh, as far as quorums need it. */
export interface QuorumMesh {
  readonly config: Config
  readonly connections: () => Connections
  /** Returns the other members that hold a database. */
  readonly holdersOf: (database: string) => Promise<readonly Holder[]>
  readonly signerFor: (member: string) => Promise<MemberSigner>
  readonly credentials: Pick<Credentials, 'resolve'>
}

/** A revision of a document. */
export interface Written {
  readonly id: DocId
  readonly rev: Rev
}

/** Members that have what was written, this one counted, and all that hold the database. */
export interface Copies {
  readonly reached: number
  readonly members: number
}

/** Leaves of a document at another member. */
interface Leaves {
  readonly member: Holder
  readonly revs: readonly Rev[]
}

const MAX_ANSWER = 64 * 1024 * 1024

/** Has writes wait until several members of a mesh have them, and reads ask several members. */
export class Quorum {
  readonly #mesh: QuorumMesh

  constructor(mesh: QuorumMesh) {
    this.#mesh = mesh
  }

  /**
   * Takes revisions that are on disk here to the other members that hold the database.
   *
   * @returns copies, this one counted, as soon as there are so many as wanted, or when time is up or no more can come
   */
  async write(database: Database, written: readonly Written[], wanted: number): Promise<Copies> {
    const holders = await this.#holdersOf(database)
    const signal = AbortSignal.timeout(this.#timeoutMs)
    const push = (member: Holder): Promise<void> => this.#push(database, member, written, signal)
    const pushed = await firstSuccesses(holders, wanted - 1, push)
    return { reached: 1 + pushed.length, members: 1 + holders.length }
  }

  /**
   * Merges the leaves that other members have of a document into this one's, and repairs members that lag.
   *
   * @param wanted members that are to answer, this one counted
   * @throws `quorumNotReached` where fewer answer in time
   */
  async read(database: Database, id: DocId, wanted: number): Promise<void> {
    const holders = await this.#holdersOf(database)
    const signal = AbortSignal.timeout(this.#timeoutMs)
    const answers = await firstSuccesses(holders, wanted - 1, member =>
      this.#merge(database, id, member, signal),
    )
    if (1 + answers.length < wanted) throw fail('quorumNotReached', `${1 + answers.length} of ${wanted}`)
    const document = database.document(id)
    const own = document === undefined ? [] : leaves(document.tree).map(({ rev }) => rev)
    for (const { member, revs } of answers) {
      const lacking = own.filter(rev => !revs.includes(rev)).map(rev => ({ id, rev }))
      // Whoever reads does not wait for it; where it fails the jobs of the mesh bring it.
      if (lacking.length > 0) void this.#push(database, member, lacking, signal).catch(() => undefined)
    }
  }

  /** A follower is a member of no quorum, though another database of its name is shared elsewhere. */
  async #holdersOf({ name, state }: Database): Promise<readonly Holder[]> {
    return state.follower === undefined ? this.#mesh.holdersOf(name) : []
  }

  get #timeoutMs(): number {
    return this.#mesh.config.integer('mesh', 'quorum_timeout')
  }

  /** @throws unless the member has stored all of them */
  async #push(
    database: Database,
    member: Holder,
    written: readonly Written[],
    signal: AbortSignal,
  ): Promise<void> {
    const peer = new HttpPeer(await this.#clientOf(database, member))
    const documents: Uint8Array[] = []
    for (const { id, rev } of written) {
      for (const entry of openRevisions(database.document(id), [rev], { latest: false })) {
        const opened = openedRevision(database, id, entry, { attsSince: [], reader: SERVER })
        if (opened.kind === 'document') documents.push(opened.json)
        else if ((await peer.put(id, opened, signal)) !== null) throw new Error('refused')
      }
    }
    if (documents.length > 0 && (await peer.bulkDocs(documents, signal)).length > 0)
      throw new Error('refused')
  }

  /** Writes here what a member has and this one lacks. @returns the member's leaves */
  async #merge(database: Database, id: DocId, member: Holder, signal: AbortSignal): Promise<Leaves> {
    const client = await this.#clientOf(database, member)
    const path = `${encodeDocId(id)}?open_revs=all`
    const revs = await client.open({ method: 'GET', path }, [200, 404], signal, async answer => {
      const value = await readJson(answer, MAX_ANSWER)
      if (answer.status === 200) return revsIn(value)
      if ((value as { reason?: unknown }).reason === 'missing') return []
      throw new Error('no database')
    })
    const [missing] = revs.length === 0 ? [] : await revsDiff(database, new Map([[id, revs]]))
    for (const rev of missing?.missing ?? []) await this.#fetch(database, client, { id, rev }, signal)
    return { member, revs }
  }

  async #fetch(
    database: Database,
    client: HttpClient,
    { id, rev }: Written,
    signal: AbortSignal,
  ): Promise<void> {
    const path = `${encodeDocId(id)}?rev=${encodeURIComponent(rev)}&revs=true&attachments=true`
    const json = await client.open({ method: 'GET', path }, [200], signal, answer =>
      readAll(answer, MAX_ANSWER),
    )
    const { inputs, failures } = parseReceived([json], configuredDocumentLimits(this.#mesh.config))
    if (failures.length > 0) throw new Error(failures[0]!.reason)
    const edits = inputs.map(input => ({ id: asDocId(input.id!), input }))
    const outcomes = await writeDocuments(database, edits, { replicated: true, user: SERVER })
    for (const { error } of outcomes) if (error !== undefined) throw error
  }

  /** @throws PeerError `no_credentials` for a passive member that other members have the credentials of */
  async #clientOf(database: Database, { id, url, credentials }: Holder): Promise<HttpClient> {
    const plain = { url: `${url}/${encodeURIComponent(database.name)}/`, headers: {} }
    const endpoint =
      credentials === undefined
        ? { ...plain, signer: await this.#mesh.signerFor(id) }
        : await this.#mesh.credentials.resolve({ ...plain, credentials })
    const options = { connectionTimeoutMs: this.#timeoutMs, retriesPerRequest: 0, httpConnections: 4 }
    return new HttpClient(endpoint, options, this.#mesh.connections())
  }
}

function revsIn(value: unknown): Rev[] {
  const rows = Array.isArray(value) ? (value as { ok?: { _rev?: unknown } }[]) : []
  return rows.flatMap(({ ok }) => (typeof ok?._rev === 'string' ? [parseRev(ok._rev)] : []))
}

/** Asks all members at once. Resolves when so many have done it as wanted, or all have ended. */
function firstSuccesses<T>(
  members: readonly Holder[],
  wanted: number,
  ask: (member: Holder) => Promise<T>,
): Promise<readonly T[]> {
  return new Promise(resolve => {
    const done: T[] = []
    let waiting = members.length
    const settle = (): void => {
      if (done.length >= wanted || waiting === 0) resolve([...done])
    }
    for (const member of members)
      void ask(member)
        .then(
          value => void done.push(value),
          () => undefined,
        )
        .finally(() => {
          waiting--
          settle()
        })
    settle()
  })
}
