import { type DatabaseName, isDatabaseName } from '../../protocol/database-name.ts'
import { CouchError, fail } from '../../protocol/errors.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import type { JsonObject } from '../../protocol/json-value.ts'
import { publicUrl } from '../../protocol/replication-endpoint.ts'
import type { ReplicationEndpoint } from '../../protocol/replication-endpoint.ts'
import { badParameter, badReplication, invalidEndpoint } from '../../protocol/replication-error.ts'
import { parseReplication } from '../../protocol/replication-request.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import type { Catalog } from '../database/catalog.ts'
import type { Database } from '../database/database.ts'
import { writeDocuments } from '../database/documents/write-documents.ts'
import { scanDocuments } from '../database/reading/document-scan.ts'
import type { FollowerState } from '../database/state.ts'
import { readAll } from '../../replicator/http/answer.ts'
import { HttpClient, type PeerRequest } from '../../replicator/http/http-client.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import { whenWritten } from './when-written.ts'
import { documentState } from './document-states.ts'
import { FOLLOWER_DOCUMENTS, FOLLOWER_JOBS, followerDocumentId, followerOf } from './follower-job.ts'
import { isoTime } from './iso-time.ts'
import type { Replicator } from './replicator.ts'
import { readReplicatorDocument, REPLICATOR } from './stored-documents.ts'

/** Members that a follower's job has in any case. */
const FIXED = ['target', 'continuous', 'create_target', 'cancel', 'forward_writes', 'owner'] as const

/** Number of documents of jobs that are read at once. */
const PAGE = 100

/** Bytes of the longest answer to a write that is handed on. */
const MAX_ANSWER = 64 * 1024 * 1024

export type ForwardedMethod = PeerRequest['method']

/** A write of documents that the source is to answer. The path is relative to the database. */
export type ForwardedWrite = Pick<PeerRequest, 'method' | 'path' | 'headers' | 'body'>

export interface ForwardedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  /** With a trailing slash. */
  readonly sourceUrl: string
}

/** Distance of a follower from its source. */
export interface FollowerLag {
  /** Since the source last proved that nothing is pending; null where it did not since the server's start. */
  readonly seconds: number | null
}

/**
 * Databases that follow another one: they take documents from their source alone, by a job of `_replicator`, until they
 * are promoted.
 */
export class Followers {
  readonly #catalog: Catalog
  readonly #replicator: Replicator
  readonly #unlisten: () => void

  constructor(catalog: Catalog, replicator: Replicator) {
    this.#catalog = catalog
    this.#replicator = replicator
    this.#unlisten = catalog.listen((event, name) => {
      if (event === 'deleted') void this.#forget(name).catch(() => undefined)
    })
  }

  /**
   * Makes a database, which is created where it is not there, the follower of a source, or changes how it follows.
   *
   * @param asked `source` as in a replication document, `forward_writes`, and options of replications
   * @throws ReplicationSyntaxError; `forbidden` for a system database
   */
  async follow(name: DatabaseName, asked: JsonObject, user: UserContext): Promise<void> {
    if (/(^|\/)_/.test(name)) throw fail('systemDatabaseFollows')
    const { forward_writes: forwardsWrites = false } = asked
    if (typeof forwardsWrites !== 'boolean') throw badParameter('forward_writes', 'a boolean')
    const document = this.#documentFor(name, asked, user)
    const source = this.#sourceOf(name, document)
    const database = await this.#catalog.create(name, { partitioned: false }).catch((error: unknown) => {
      if (error instanceof CouchError && error.error === 'file_exists') return this.#catalog.open(name)
      throw error
    })
    const job = followerDocumentId(name)
    const since = database.state.follower?.since ?? Date.now()
    const follower = { source: publicUrl(source.url), since, forwardsWrites, job }
    await database.write({ kind: 'set_follower', follower })
    await this.#writeJob(name, document)
  }

  /**
   * Makes a follower writable: its job ends, and then others may write.
   *
   * @throws `notFollower`
   */
  async promote(database: Database): Promise<void> {
    if (database.state.follower === undefined) throw fail('notFollower')
    await this.#removeJob(database.name)
    await database.write({ kind: 'set_follower', follower: null })
  }

  /**
   * Returns what `GET /{db}/_follower` answers.
   *
   * @throws `notFollower`
   */
  async status(database: Database): Promise<object> {
    const { follower } = database.state
    if (follower === undefined) throw fail('notFollower')
    const jobs = await this.#jobs()
    const job = await this.#replicator.documents.job(FOLLOWER_JOBS, follower.job)
    const { stallMs } = this.#replicator
    const id = followerDocumentId(database.name)
    const found = jobs && (await documentState(jobs, id, job, stallMs))
    return {
      source: follower.source,
      since: isoTime(new Date(follower.since)),
      forward_writes: follower.forwardsWrites,
      lag_seconds: (await this.lagOf(follower)).seconds,
      state: found?.state ?? null,
      job: found?.json ?? null,
    }
  }

  async lagOf({ job: id }: FollowerState): Promise<FollowerLag> {
    const job = await this.#replicator.documents.job(FOLLOWER_JOBS, id)
    const lag = job?.job?.lag(this.#replicator.stallMs)
    if (lag?.caughtUpAt == null) return { seconds: null }
    return { seconds: Math.round(lag.lagMs) / 1000 }
  }

  /** Returns the lag of the follower that is furthest behind; undefined where no database follows another. */
  async largestLag(): Promise<FollowerLag | undefined> {
    let largest: FollowerLag | undefined
    for await (const name of this.#names()) {
      const follower = (await this.#catalog.stateOf(name))?.follower
      if (follower === undefined) continue
      const lag = await this.lagOf(follower)
      if (lag.seconds === null) return lag
      if (largest === undefined || lag.seconds > largest.seconds!) largest = lag
    }
    return largest
  }

  /**
   * Has the source of a follower answer a write, with the credentials of the client, and waits a while until what was
   * written is here.
   *
   * @throws `sourceUnreachable`
   */
  async forward(database: Database, write: ForwardedWrite): Promise<ForwardedAnswer> {
    const source = await this.#storedSource(database.name)
    const { url, proxy } = source
    const endpoint = { url, headers: {}, ...(proxy === undefined ? {} : { proxy }) }
    const { connections, defaults } = this.#replicator
    const signal = AbortSignal.timeout(defaults.connectionTimeoutMs)
    try {
      const client = new HttpClient(endpoint, defaults, connections)
      const answer = await client.open(write, 'all', signal, async ({ status, headers, ...rest }) => ({
        status,
        headers,
        body: await readAll({ status, headers, ...rest }, MAX_ANSWER),
        sourceUrl: url,
      }))
      await whenWritten(database, answer.body)
      return answer
    } catch (error) {
      if (error instanceof PeerError || signal.aborted)
        throw fail('sourceUnreachable', error instanceof PeerError ? error.reason : 'it does not answer')
      throw error
    }
  }

  close(): void {
    this.#unlisten()
  }

  /** @throws ReplicationSyntaxError */
  #documentFor(name: DatabaseName, asked: JsonObject, user: UserContext): JsonObject {
    const options = Object.fromEntries(
      Object.entries(asked).filter(([member]) => !(FIXED as readonly string[]).includes(member)),
    )
    return { ...options, target: name, continuous: true, owner: user.name }
  }

  /** @throws ReplicationSyntaxError */
  #sourceOf(name: DatabaseName, document: JsonObject): ReplicationEndpoint {
    const { defaults } = this.#replicator
    const request = parseReplication(document, defaults, local => this.#replicator.urlOf(local))
    if ('cancelId' in request) throw badReplication('a follower needs a source')
    const { source } = request
    if (source.local !== undefined && !isDatabaseName(source.local)) throw invalidEndpoint()
    if (source.stream !== undefined) throw badReplication('a follower follows a database')
    if (source.local === name || source.url === `${this.#replicator.urlOf(name)}/`)
      throw badReplication('a database cannot follow itself')
    return source
  }

  /** The source as the job's document has it. @throws `notFollower` */
  async #storedSource(name: DatabaseName): Promise<ReplicationEndpoint> {
    const jobs = await this.#jobs()
    const stored = jobs && readReplicatorDocument(jobs, followerDocumentId(name))
    if (!stored) throw fail('notFollower')
    return this.#sourceOf(name, stored.members as JsonObject)
  }

  async #writeJob(name: DatabaseName, document: JsonObject): Promise<void> {
    const jobs = (await this.#jobs()) ?? (await this.#catalog.create(FOLLOWER_JOBS, { partitioned: false }))
    const id = followerDocumentId(name)
    const rev = readReplicatorDocument(jobs, id)?.rev
    const input = parseDocument(Buffer.from(JSON.stringify(document)), { term: true })
    const edit = { id, input: rev === undefined ? input : { ...input, rev } }
    await this.#write(jobs, edit)
  }

  async #removeJob(name: DatabaseName): Promise<void> {
    const jobs = await this.#jobs()
    const id = followerDocumentId(name)
    const stored = jobs && readReplicatorDocument(jobs, id)
    if (jobs === undefined || !stored) return
    const input = parseDocument(Buffer.from(JSON.stringify({ _rev: stored.rev, _deleted: true })), {
      term: true,
    })
    await this.#write(jobs, { id, input })
    await (await this.#replicator.documents.job(FOLLOWER_JOBS, id))?.stop()
  }

  async #write(jobs: Database, edit: Parameters<typeof writeDocuments>[1][number]): Promise<void> {
    const [outcome] = await writeDocuments(jobs, [edit], { replicated: false, user: REPLICATOR })
    if (outcome?.error !== undefined) throw outcome.error
  }

  /** The job of a database that is gone has nothing to write to; one of that name may follow again by now. */
  async #forget(name: DatabaseName): Promise<void> {
    if ((await this.#catalog.stateOf(name))?.follower === undefined) await this.#removeJob(name)
  }

  /** Reads the databases that follow. */
  async *#names(): AsyncGenerator<DatabaseName> {
    const jobs = await this.#jobs()
    if (jobs === undefined) return
    const scan = scanDocuments(jobs, { ...FOLLOWER_DOCUMENTS, reverse: false })
    try {
      for (let found = await scan.next(PAGE); found.length > 0; found = await scan.next(PAGE))
        for (const { id, summary } of found) if (!summary.deleted) yield followerOf(id)
    } finally {
      await scan.close()
    }
  }

  /** The database of the jobs; undefined where there is none. */
  #jobs(): Promise<Database | undefined> {
    return this.#catalog.open(FOLLOWER_JOBS).catch((error: unknown) => {
      if (error instanceof CouchError && error.status === 404) return undefined
      throw error
    })
  }
}
