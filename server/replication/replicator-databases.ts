import { asDocId, isDesignId } from '../../protocol/document-id.ts'
import type { DatabaseName } from '../../protocol/database-name.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { countStates, type JobState } from '../../replicator/job-state.ts'
import { changesAfter } from '../changes/read-changes.ts'
import type { Catalog } from '../database/catalog.ts'
import type { Database } from '../database/database.ts'
import { DivergenceLog } from './divergence-log.ts'
import { DocumentJob, requestText } from './document-job.ts'
import { FailureLog } from './failure-log.ts'
import type { JobFactory } from './job-factory.ts'
import { ALL_HERE, type JobPlacement, placementKey } from './job-placement.ts'
import { readReplicatorDocument, type ReplicatorDocument } from './stored-documents.ts'

const REPLICATOR_DATABASE = /(^|\/)_replicator$/
const TERMINAL: readonly JobState[] = ['completed', 'failed']

/** One `_replicator` database: a job for each document that asks for one and is not over. */
class ReplicatorDatabase {
  readonly jobs = new Map<DocId, DocumentJob>()
  /** Documents whose replication is over, as they say themselves. */
  readonly #ended = new Map<DocId, JobState>()
  readonly #replicator: JobFactory
  readonly #database: Database
  readonly #placement: JobPlacement
  readonly #stop = new AbortController()
  /** Pending work for documents that have changed. */
  readonly #looks = new Map<DocId, Promise<void>>()
  readonly #following: Promise<void>

  constructor(replicator: JobFactory, database: Database, placement: JobPlacement) {
    this.#replicator = replicator
    this.#database = database
    this.#placement = placement
    this.#following = this.#follow().catch(() => undefined)
  }

  /** States of all documents, as `_scheduler/docs` shows them. */
  states(): JobState[] {
    const active = [...this.jobs.values()].map(({ job, state }) => job?.state ?? state)
    return [...this.#ended.values(), ...active]
  }

  /** Starts the jobs that moved to this node, and stops those that run elsewhere now. */
  async lookAgain(): Promise<void> {
    await this.#lookThrough(0, this.#database.tail.seq).catch(() => undefined)
  }

  /** Stops following the database and all its jobs; idempotent. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#following
    await Promise.all(this.#looks.values())
    await Promise.all(Array.from(this.jobs.values(), job => job.stop()))
    this.jobs.clear()
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop
    let last = 0
    do last = await this.#lookThrough(last)
    while (!signal.aborted && (await this.#database.tail.wait(last, signal)))
  }

  /** Looks at the documents that changed. @returns the sequence of the last one */
  async #lookThrough(since: number, until = Infinity): Promise<number> {
    const options = { allLeaves: false, limit: Infinity, includeDocs: false }
    let last = since
    for await (const { rows, seq } of changesAfter(this.#database, since, options)) {
      for (const row of rows) this.#lookInTurn((JSON.parse(row) as { id: DocId }).id)
      last = seq
      if (this.#stop.signal.aborted || last >= until) break
    }
    return last
  }

  /** A job that is slow to stop delays its own document, not the others. */
  #lookInTurn(id: DocId): void {
    const look = (this.#looks.get(id) ?? Promise.resolve()).then(() => this.#look(id)).catch(() => undefined)
    this.#looks.set(id, look)
    void look.then(() => this.#looks.get(id) === look && this.#looks.delete(id))
  }

  /** Brings the job of a document in line with the document as it is now. */
  async #look(id: DocId): Promise<void> {
    if (isDesignId(id) || this.#stop.signal.aborted) return
    const stored = readReplicatorDocument(this.#database, id)
    const current = this.jobs.get(id)
    const isHere = stored !== null && this.#placement.runsHere(this.#keyOf(id, stored))
    const ended = isHere ? TERMINAL.find(state => state === stored.members._replication_state) : undefined
    if (ended === undefined) this.#ended.delete(id)
    else this.#ended.set(id, ended)
    const wanted = isHere && ended === undefined
    if (wanted && current?.text === requestText(stored)) return
    this.jobs.delete(id)
    await current?.stop()
    if (stored === null && this.#placement.runsHere(undefined)) {
      await FailureLog.discard(this.#database, id)
      await new DivergenceLog(this.#database, id).discard()
    }
    if (!wanted || stored === null) return
    const job = new DocumentJob(this.#replicator, this.#database, { id, stored }, ended =>
      this.#forget(ended),
    )
    this.jobs.set(id, job)
    void job.start()
  }

  #keyOf(id: DocId, stored: ReplicatorDocument): string | undefined {
    return placementKey({ database: this.#database.name, id }, stored)
  }

  #forget(job: DocumentJob): void {
    if (this.jobs.get(job.id) === job) this.jobs.delete(job.id)
  }
}

/** All `_replicator` databases of a server, as they come and go. */
export class ReplicatorDatabases {
  readonly #catalog: Catalog
  readonly #replicator: JobFactory
  readonly #placement: JobPlacement
  readonly #databases = new Map<string, Promise<ReplicatorDatabase>>()
  #unlisten: (() => void) | undefined

  constructor(catalog: Catalog, replicator: JobFactory, placement: JobPlacement = ALL_HERE) {
    this.#catalog = catalog
    this.#replicator = replicator
    this.#placement = placement
  }

  /** Takes up the jobs of all documents that are to run here. */
  async start(): Promise<void> {
    const unlisten = this.#catalog.listen((event, name) => {
      if (!REPLICATOR_DATABASE.test(name)) return
      if (event === 'created') this.#watch(name)
      if (event === 'deleted') void this.#unwatch(name)
    })
    const settle = this.#placement.listen(() => this.#lookAgain())
    this.#unlisten = () => {
      unlisten()
      settle()
    }
    for await (const name of this.#catalog.names()) {
      if (REPLICATOR_DATABASE.test(name)) this.#watch(name)
    }
  }

  /** The job of a document, while it is not over. */
  async job(database: string, id: string): Promise<DocumentJob | undefined> {
    return (await this.#databases.get(database))?.jobs.get(asDocId(id))
  }

  /** Counts the documents of all `_replicator` databases by state. */
  async countByState(): Promise<Record<JobState, number>> {
    const databases = await Promise.allSettled(this.#databases.values())
    const opened = databases.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
    return countStates(opened.flatMap(database => database.states()))
  }

  /** The documents' jobs of this server that are not over, by database. */
  async all(): Promise<ReadonlyMap<string, readonly DocumentJob[]>> {
    const found = new Map<string, readonly DocumentJob[]>()
    for (const [name, opening] of [...this.#databases]) {
      const database = await opening.catch(() => undefined)
      if (database !== undefined) found.set(name, [...database.jobs.values()])
    }
    return found
  }

  #lookAgain(): void {
    for (const opening of this.#databases.values())
      opening.then(database => database.lookAgain()).catch(() => undefined)
  }

  /** Stops all jobs; idempotent. */
  async close(): Promise<void> {
    this.#unlisten?.()
    await Promise.all(Array.from(this.#databases.keys(), name => this.#unwatch(name)))
  }

  #watch(name: DatabaseName): void {
    if (this.#databases.has(name)) return
    const watched = this.#catalog
      .open(name)
      .then(database => new ReplicatorDatabase(this.#replicator, database, this.#placement))
    this.#databases.set(name, watched)
    watched.catch(() => this.#databases.delete(name))
  }

  async #unwatch(name: string): Promise<void> {
    const watched = this.#databases.get(name)
    this.#databases.delete(name)
    await watched?.then(
      database => database.close(),
      () => undefined,
    )
  }
}
