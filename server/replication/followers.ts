import { type DatabaseName, isDatabaseName } from '../../protocol/database-name.ts'
import { CouchError, fail } from '../../protocol/errors.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import type { JsonObject } from '../../protocol/json-value.ts'
import { publicUrl, type ReplicationEndpoint } from '../../protocol/replication-endpoint.ts'
import { badParameter, badReplication, invalidEndpoint } from '../../protocol/replication-error.ts'
import { parseReplication, type ReplicationRequest } from '../../protocol/replication-request.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import type { Config } from '../config/config.ts'
import type { Catalog } from '../database/catalog.ts'
import type { Database } from '../database/database.ts'
import { writeDocuments } from '../database/documents/write-documents.ts'
import { readSourceSequences, whenFollowing, writeSourceSequences } from '../database/source-sequences.ts'
import { scanDocuments } from '../database/reading/document-scan.ts'
import type { FollowerState } from '../database/state.ts'
import { HttpClient } from '../../replicator/http/http-client.ts'
import { type ForwardedAnswer, type ForwardedWrite, forwardWrite } from './forward-write.ts'
import { documentState } from './document-states.ts'
import { FOLLOWER_DOCUMENTS, FOLLOWER_JOBS, followerDocumentId, followerOf } from './follower-job.ts'
import { FollowerWatch } from './follower-watch.ts'
import { isoTime } from './iso-time.ts'
import { isSystemDatabase } from './is-system-database.ts'
import { maskedFollower } from './masked-follower.ts'
import type { Replicator } from './replicator.ts'
import { readReplicatorDocument, REPLICATOR } from './stored-documents.ts'
import { takesOver } from './takes-over.ts'

/** Members that a follower's job has in any case. */
const FIXED = ['target', 'continuous', 'create_target', 'cancel', 'forward_writes', 'owner'] as const

const MASKED_WRITES =
  '`forward_writes` and `mask`: who changes a masked document would replace clear values at the source by masked ones'

/** Number of documents of jobs that are read at once. */
const PAGE = 100

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
  readonly #config: Config
  readonly #watches = new Map<
    DatabaseName,
    { watch: FollowerWatch; stop: AbortController; done: Promise<void> }
  >()
  #unlisten: (() => void) | undefined

  constructor(catalog: Catalog, replicator: Replicator, config: Config) {
    this.#catalog = catalog
    this.#replicator = replicator
    this.#config = config
  }

  /**
   * Makes a database, which is created where it is not there, the follower of a source, or changes how it follows.
   *
   * @param asked `source` as in a replication document, `forward_writes`, and options of replications
   * @throws ReplicationSyntaxError; `forbidden` for a system database
   */
  async follow(name: DatabaseName, asked: JsonObject, user: UserContext): Promise<void> {
    if (isSystemDatabase(name, this.#config)) throw fail('systemDatabaseFollows')
    const { forward_writes: forwardsWrites = false } = asked
    if (typeof forwardsWrites !== 'boolean') throw badParameter('forward_writes', 'a boolean')
    const document = this.#documentFor(name, asked, user)
    const { source, mask } = this.#requestOf(name, document)
    if (mask !== undefined && forwardsWrites) throw badReplication(MASKED_WRITES)
    const database = await this.#catalog.create(name, { partitioned: false }).catch((error: unknown) => {
      if (error instanceof CouchError && error.error === 'file_exists') return this.#catalog.open(name)
      throw error
    })
    const job = followerDocumentId(name)
    const since = database.state.follower?.since ?? Date.now()
    const masked = maskedFollower(database, mask)
    const follower = { source: publicUrl(source.url), since, forwardsWrites, job, ...masked }
    const { seq, docs, deletedDocs } = database.state
    await writeSourceSequences(
      database,
      whenFollowing(readSourceSequences(database), { seq, docs, deletedDocs }),
    )
    await database.write({ kind: 'set_follower', follower })
    await this.#writeJob(name, document)
    await this.#watch(name)
  }

  /**
   * Makes a follower writable: its job ends, and then others may write.
   *
   * @throws `notFollower`; `maskedForGood`
   */
  async promote(database: Database): Promise<void> {
    if (database.state.follower === undefined) throw fail('notFollower')
    if (database.state.follower.mask !== undefined) throw fail('maskedForGood')
    await this.#unwatch(database.name)
    await this.#removeJob(database.name)
    const sequences = readSourceSequences(database)
    if (sequences !== undefined)
      await writeSourceSequences(database, { ...sequences, end: database.state.seq })
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
    const id = followerDocumentId(database.name)
    const found = jobs && (await documentState(jobs, id, job, this.#replicator.display))
    return {
      source: follower.source,
      since: isoTime(new Date(follower.since)),
      forward_writes: follower.forwardsWrites,
      ...(follower.mask === undefined ? {} : { masked: true }),
      lag_seconds: (await this.lagOf(follower)).seconds,
      takes_over: takesOver(readSourceSequences(database), this.#watches.get(database.name)?.watch.error),
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
   * Has the source of a follower answer a write, see {@link forwardWrite}.
   *
   * @throws `sourceUnreachable`
   */
  async forward(database: Database, write: ForwardedWrite): Promise<ForwardedAnswer> {
    return forwardWrite(
      this.#replicator,
      { database, source: await this.#storedSource(database.name) },
      write,
    )
  }

  /** Goes on with the followers that are there; called once the server listens, or leads its cluster. */
  async start(): Promise<void> {
    this.#unlisten ??= this.#catalog.listen((event, name) => {
      if (event === 'deleted') void this.#forget(name).catch(() => undefined)
    })
    for await (const name of this.#names()) await this.#watch(name)
  }

  /** Leaves the followers to another node, or ends. Idempotent. */
  async pause(): Promise<void> {
    this.#unlisten?.()
    this.#unlisten = undefined
    await Promise.all(Array.from(this.#watches.keys(), name => this.#unwatch(name)))
  }

  async #watch(name: DatabaseName): Promise<void> {
    await this.#unwatch(name)
    const follower = (await this.#catalog.stateOf(name))?.follower
    if (follower === undefined) return
    const source = await this.#storedSource(name)
    // The sequences of a database of this very server are known to nobody else, and nobody goes on at a masked copy.
    if (source.local !== undefined || follower.mask !== undefined) return
    const { connections, defaults, documents } = this.#replicator
    const watch = new FollowerWatch({
      database: await this.#catalog.open(name),
      client: new HttpClient(await this.#replicator.resolve(source), defaults, connections),
      job: async () => (await documents.job(FOLLOWER_JOBS, followerDocumentId(name)))?.job,
      checkpointsEveryMs: () => this.#replicator.defaults.checkpointIntervalMs,
    })
    const stop = new AbortController()
    this.#watches.set(name, { watch, stop, done: watch.run(stop.signal) })
  }

  async #unwatch(name: DatabaseName): Promise<void> {
    const watched = this.#watches.get(name)
    this.#watches.delete(name)
    watched?.stop.abort()
    await watched?.done
  }

  /** @throws ReplicationSyntaxError */
  #documentFor(name: DatabaseName, asked: JsonObject, user: UserContext): JsonObject {
    const options = Object.fromEntries(
      Object.entries(asked).filter(([member]) => !(FIXED as readonly string[]).includes(member)),
    )
    return { ...options, target: name, continuous: true, owner: user.name }
  }

  /** @throws ReplicationSyntaxError */
  #requestOf(name: DatabaseName, document: JsonObject): ReplicationRequest {
    const { defaults } = this.#replicator
    const request = parseReplication(document, defaults, local => this.#replicator.urlOf(local), true)
    if ('cancelId' in request) throw badReplication('a follower needs a source')
    const { source } = request
    if (source.local !== undefined && !isDatabaseName(source.local)) throw invalidEndpoint()
    if (source.stream !== undefined) throw badReplication('a follower follows a database')
    if (source.local === name || source.url === `${this.#replicator.urlOf(name)}/`)
      throw badReplication('a database cannot follow itself')
    return request
  }

  /** The source as the job's document has it. @throws `notFollower` */
  async #storedSource(name: DatabaseName): Promise<ReplicationEndpoint> {
    const jobs = await this.#jobs()
    const stored = jobs && readReplicatorDocument(jobs, followerDocumentId(name))
    if (!stored) throw fail('notFollower')
    return this.#requestOf(name, stored.members as JsonObject).source
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
    if ((await this.#catalog.stateOf(name))?.follower !== undefined) return
    await this.#unwatch(name)
    await this.#removeJob(name)
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
