import type { Logger } from 'pino'
import type { Policy } from '../../protocol/conflicts/policy.ts'
import { PolicyError } from '../../protocol/conflicts/policy.ts'
import type { DocumentLimits } from '../../protocol/document/document-input.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { CouchError } from '../../protocol/errors.ts'
import { SERVER } from '../../protocol/user-context.ts'
import type { CommitRecord, CommitSubscriber } from '../database/commit/commit-record.ts'
import { conflictIdsAfter } from '../database/conflicts/conflict-ids.ts'
import { readLeaves } from '../database/conflicts/read-leaves.ts'
import type { Database } from '../database/database.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { NO_POLICIES, type PolicyList, readPolicies } from './policy-list.ts'
import { Repetitions } from './repetitions.ts'
import { decide, editsFor, findPolicy } from './resolution.ts'
import { ResolutionLog } from './resolution-log.ts'

/** Documents that are resolved at a time: they share commits. */
const AT_ONCE = 250
/** Bytes of their leaves, as far as there are several documents. */
const MAX_BYTES = 16 * 1024 * 1024
/** From so many documents on that wait, the index of conflicts is read instead. */
const MAX_WAITING = 10_000

export interface ResolverHost {
  readonly sandbox: Sandbox
  readonly log: Logger
  /** This node's uuid. */
  readonly node: string
  /** Settings, as they are now. */
  readonly settings: {
    readonly resolve: () => boolean
    readonly maxResolutions: () => number
    readonly logSize: () => number
    /** Limits of documents that are written. */
    readonly limits: () => DocumentLimits
  }
}

/** Number of documents that a policy resolved, left to people, or failed on, since the start. */
export interface PolicyCounts {
  resolved: number
  left: number
  failed: number
}

/** Resolves the conflicts of one database by its policies: those that are there when policies come, then those of each commit. */
export class DatabaseResolver implements CommitSubscriber {
  readonly log: ResolutionLog
  readonly counts = new Map<string, PolicyCounts>()
  readonly #database: Database
  readonly #host: ResolverHost
  readonly #repetitions: Repetitions
  readonly #waiting = new Set<DocId>()
  #list: PolicyList = NO_POLICIES
  /** True while the database takes the resolutions of its source. */
  #isFollower: boolean
  #policiesChanged = true
  #readIndex = true
  #running: Promise<void> | undefined
  #closed = false

  constructor(database: Database, host: ResolverHost) {
    this.#database = database
    this.#isFollower = database.state.follower !== undefined
    this.#host = host
    this.log = new ResolutionLog(database, host.settings.logSize, error =>
      host.log.warn({ err: error, db: database.name }, 'the log of resolutions was not cut'),
    )
    this.#repetitions = new Repetitions(host.settings.maxResolutions)
  }

  get policies(): PolicyList {
    return this.#list
  }

  /** Documents that came into conflict again and again, and are not resolved any more. */
  get stopped(): ReadonlySet<string> {
    return this.#repetitions.stopped
  }

  /** Reads the policies, and resolves the conflicts that are there. Called when the database is open. */
  start(): void {
    this.#run()
  }

  apply({ changes, removals, state: { follower } }: CommitRecord): void {
    if (this.#isFollower && follower === undefined) this.#readIndex = true
    this.#isFollower = follower !== undefined
    for (const { id } of removals) if (id.startsWith('_design/')) this.#policiesChanged = true
    for (const { id, isInConflict } of changes) {
      if (id.startsWith('_design/')) this.#policiesChanged = true
      else if (isInConflict) this.#waiting.add(id)
    }
    if (this.#waiting.size > MAX_WAITING) {
      this.#waiting.clear()
      this.#readIndex = true
    }
    if (this.#hasWork || this.#waiting.size > 0) this.#run()
  }

  reload(): void {
    this.#policiesChanged = true
    this.#run()
  }

  /** Looks at all conflicts again: a setting has changed. */
  reconsider(): void {
    this.#readIndex = true
    this.#run()
  }

  /** Waits until nothing is left to resolve. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  /** Ends with the documents at hand. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    await this.idle()
    await this.log.close()
  }

  #run(): void {
    if (this.#closed) return
    this.#running ??= this.#work().then(
      () => this.#ended(),
      (error: unknown) => {
        this.#running = undefined
        this.#host.log.error({ err: error, db: this.#database.name }, 'resolving conflicts failed')
      },
    )
  }

  /** Goes on with what came between the last look and the end. */
  #ended(): void {
    this.#running = undefined
    if (this.#hasWork) this.#run()
  }

  get #isActive(): boolean {
    return this.#list.policies.length > 0 && !this.#isFollower && this.#host.settings.resolve()
  }

  get #hasWork(): boolean {
    return this.#policiesChanged || (this.#isActive && (this.#readIndex || this.#waiting.size > 0))
  }

  async #work(): Promise<void> {
    // Commits of the same turn are taken together, and a database that is being opened is open.
    await new Promise(resolve => setImmediate(resolve))
    while (!this.#closed && this.#hasWork) {
      if (this.#policiesChanged) await this.#readPolicies()
      else if (this.#readIndex) await this.#resolveIndexed()
      else await this.#resolveAll(this.#takeWaiting())
    }
    if (!this.#isActive) this.#waiting.clear()
  }

  async #readPolicies(): Promise<void> {
    this.#policiesChanged = false
    const before = JSON.stringify(this.#list.invalid)
    this.#list = await readPolicies(this.#database)
    this.#repetitions.clear()
    this.#readIndex = true
    if (JSON.stringify(this.#list.invalid) === before) return
    for (const { id, reason } of this.#list.invalid) {
      this.#host.log.warn(
        { db: this.#database.name, design: id, reason },
        'conflict policies are not applied',
      )
    }
  }

  async #resolveIndexed(): Promise<void> {
    this.#readIndex = false
    let after: DocId | undefined
    while (!this.#closed && !this.#policiesChanged) {
      const ids = await conflictIdsAfter(this.#database, after, AT_ONCE)
      if (ids.length === 0) return
      await this.#resolveAll(ids)
      after = ids.at(-1)
    }
    this.#readIndex = true
  }

  #takeWaiting(): DocId[] {
    const ids: DocId[] = []
    for (const id of this.#waiting) {
      ids.push(id)
      if (ids.length === AT_ONCE) break
    }
    for (const id of ids) this.#waiting.delete(id)
    return ids
  }

  async #resolveAll(ids: readonly DocId[]): Promise<void> {
    for (const group of this.#inGroups(ids)) await Promise.all(group.map(id => this.#resolve(id)))
    await this.log.flush()
  }

  /** Documents whose leaves are in memory together. */
  #inGroups(ids: readonly DocId[]): DocId[][] {
    const groups: DocId[][] = []
    let bytes = 0
    for (const id of ids) {
      const size = this.#database.document(id)?.size ?? 0
      bytes += size
      const group = groups.at(-1)
      if (group !== undefined && bytes <= MAX_BYTES) group.push(id)
      else {
        groups.push([id])
        bytes = size
      }
    }
    return groups
  }

  async #resolve(id: DocId): Promise<void> {
    // Design documents decide what the database does: a person chooses.
    if (id.startsWith('_design/') || this.#repetitions.stopped.has(id)) return
    const conflict = await readLeaves(this.#database, id)
    if (conflict === undefined) return
    const { leaves } = conflict
    let policy: Policy | undefined
    try {
      policy = await findPolicy(this.#list.policies, id, leaves)
      if (policy === undefined) return
      const context = { ...this.#host, database: this.#database, policies: this.#list.policies }
      const content = await decide(context, policy, id, conflict)
      if (content === undefined) {
        this.#countsOf(policy).left += 1
        return
      }
      const revs = leaves.map(({ rev }) => rev)
      const edits = await editsFor(id, leaves, content, this.#host.settings.limits())
      const outcomes = await this.#database.write({
        kind: 'resolve_conflict',
        id,
        leaves: revs,
        all: true,
        edits,
        user: SERVER,
        log: this.log.isKept
          ? { time: Date.now(), policy: policy.name, kind: policy.resolver.kind }
          : undefined,
      })
      const rev = edits.length === leaves.length ? outcomes[0]?.rev : revs[0]
      this.#resolved(policy, id, revs, rev ?? '')
    } catch (error) {
      if (!(error instanceof CouchError || error instanceof PolicyError)) throw error
      // Another write was faster: its commit has put the document into the queue again, if it is still in conflict.
      if (error instanceof CouchError && error.error === 'conflict') return
      this.#failed(
        policy,
        id,
        leaves.map(({ rev }) => rev),
        error,
      )
    }
  }

  #resolved(policy: Policy, id: DocId, leaves: readonly string[], rev: string): void {
    this.#countsOf(policy).resolved += 1
    const db = this.#database.name
    const { name } = policy
    this.log.written()
    this.#host.log.info({ db, doc: id, policy: name, leaves, rev }, 'resolved a conflict')
    if (!this.#repetitions.count(id, Date.now())) return
    this.#host.log.warn(
      { db, doc: id, policy: name },
      'a document comes into conflict again and again: its conflicts are not resolved any more',
    )
  }

  #failed(policy: Policy | undefined, id: DocId, leaves: readonly string[], error: Error): void {
    if (policy !== undefined) this.#countsOf(policy).failed += 1
    const reason = error instanceof CouchError ? error.reason : error.message
    const { name = '', resolver } = policy ?? {}
    const kind = resolver?.kind ?? ''
    this.log.addFailure({ time: Date.now(), id, policy: name, kind, leaves, error: reason })
    this.#host.log.warn(
      { db: this.#database.name, doc: id, policy: name, reason },
      'a conflict could not be resolved',
    )
  }

  #countsOf({ name }: Policy): PolicyCounts {
    const known = this.counts.get(name) ?? { resolved: 0, left: 0, failed: 0 }
    this.counts.set(name, known)
    return known
  }
}
