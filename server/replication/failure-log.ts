import { LRUCache } from 'lru-cache'
import { asDocId, type DocId } from '../../protocol/document-id.ts'
import type { WriteFailure } from '../../replicator/peer.ts'
import type { RefusedRevision, Refusals } from '../../replicator/verification/refusals.ts'
import type { Database } from '../database/database.ts'
import { readLocalDocument } from '../database/documents/local-documents.ts'

const MAX_LISTED = 1000
const SAVE_AFTER_MS = 500

/**
 * The documents that one job's target refused and has not accepted since. Those of a document's job are kept in a `_local`
 * document of its database, so that they survive restarts. All are counted; the last thousand are listed.
 */
export class FailureLog implements Refusals {
  readonly #database: Database | undefined
  readonly #id: DocId
  readonly #failures = new LRUCache<string, RefusedRevision>({
    max: MAX_LISTED,
    dispose: ({ id }, _key, reason) => this.#dropped(id, reason === 'evict'),
  })
  /** Listed revisions of each document. */
  readonly #revisions = new Map<string, number>()
  #job: string | undefined
  #total = 0
  #unlisted = 0
  #version = 0
  #saving: NodeJS.Timeout | undefined
  #saved: Promise<unknown> = Promise.resolve()

  private constructor(database: Database | undefined, document: string) {
    this.#database = database
    this.#id = storedUnder(document)
  }

  static async open(database: Database, document: string): Promise<FailureLog> {
    const log = new FailureLog(database, document)
    const stored = await readLocalDocument(database, log.#id)
    if (stored) log.#load(JSON.parse(Buffer.from(stored.body).toString()) as StoredLog)
    return log
  }

  /** Returns the log of a job without a document, which lasts as long as the job. */
  static inMemory(): FailureLog {
    return new FailureLog(undefined, '')
  }

  /** Forgets what is stored for a document that is gone. */
  static async discard(database: Database, document: string): Promise<void> {
    const id = storedUnder(document)
    if ((await readLocalDocument(database, id)) === undefined) return
    const edit = { id, rev: undefined, deleted: true, body: new Uint8Array() }
    await database.write({ kind: 'edit_local_documents', edits: [edit] })
  }

  /** Number of documents that were refused since the job was made, those that are no longer listed too. */
  get total(): number {
    return this.#total
  }

  get version(): number {
    return this.#version
  }

  get unlisted(): number {
    return this.#unlisted
  }

  get list(): readonly RefusedRevision[] {
    return [...this.#failures.rvalues()].filter(failure => failure !== undefined)
  }

  has(id: string): boolean {
    return this.#revisions.has(id)
  }

  /** Names the job whose failures these are; those of another one, as of a document with another target, are dropped. */
  startOf(job: string): void {
    const isOther = this.#job !== undefined && this.#job !== job
    this.#job = job
    if (!isOther) return
    this.#failures.clear()
    this.#total = 0
    this.#unlisted = 0
    this.#saveSoon()
  }

  add(failure: WriteFailure): void {
    const known = this.#failures.get(keyOf(failure))
    const now = new Date().toISOString()
    if (!known) this.#total++
    this.#put({ ...failure, first: known?.first ?? now, last: now, tries: (known?.tries ?? 0) + 1 })
    this.#saveSoon()
  }

  remove(failure: Pick<WriteFailure, 'id' | 'rev'>): void {
    if (this.#failures.delete(keyOf(failure))) this.#saveSoon()
  }

  forgetUnlisted(): void {
    if (this.#unlisted === 0) return
    this.#unlisted = 0
    this.#saveSoon()
  }

  /**
   * Writes what has not been written.
   *
   * @throws what the store throws
   */
  async flush(): Promise<void> {
    if (this.#saving !== undefined) this.#save()
    await this.#saved
  }

  /** Writes what has not been written, if the database is still there; idempotent. */
  async close(): Promise<void> {
    await this.flush().catch(() => undefined)
    clearTimeout(this.#saving)
  }

  /** Members of the database can write the document too: other content than a list of failures is ignored. */
  #load({ job, total, unlisted, failures }: Partial<StoredLog>): void {
    if (typeof total !== 'number' || !Array.isArray(failures)) return
    if (typeof job === 'string') this.#job = job
    this.#total = total
    if (typeof unlisted === 'number') this.#unlisted = unlisted
    for (const failure of failures.slice(0, MAX_LISTED) as unknown[])
      if (isRefused(failure)) this.#put(failure)
  }

  #put(failure: RefusedRevision): void {
    this.#failures.set(keyOf(failure), failure)
    this.#revisions.set(failure.id, (this.#revisions.get(failure.id) ?? 0) + 1)
  }

  #dropped(id: string, evicted: boolean): void {
    const left = (this.#revisions.get(id) ?? 0) - 1
    if (left > 0) this.#revisions.set(id, left)
    else this.#revisions.delete(id)
    if (evicted) this.#unlisted++
  }

  #saveSoon(): void {
    this.#version++
    if (this.#database === undefined) return
    this.#saving ??= setTimeout(() => this.#save(), SAVE_AFTER_MS).unref()
  }

  #save(): void {
    clearTimeout(this.#saving)
    this.#saving = undefined
    const stored: StoredLog = {
      ...(this.#job === undefined ? {} : { job: this.#job }),
      total: this.#total,
      unlisted: this.#unlisted,
      failures: this.list,
    }
    const body = Buffer.from(JSON.stringify(stored))
    const edit = { id: this.#id, rev: undefined, deleted: false, body }
    this.#saved = this.#database?.write({ kind: 'edit_local_documents', edits: [edit] }) ?? Promise.resolve()
    this.#saved.catch(() => undefined)
  }
}

interface StoredLog {
  /** Id of the job that the failures are of; versions that do not know it leave it out. */
  readonly job?: string
  readonly total: number
  readonly unlisted: number
  readonly failures: readonly RefusedRevision[]
}

function isRefused(value: unknown): value is RefusedRevision {
  if (typeof value !== 'object' || value === null) return false
  const { id, rev, status, error, reason, first, last } = value as Partial<RefusedRevision>
  return (
    typeof status === 'number' &&
    [id, rev, error, reason, first, last].every(text => typeof text === 'string')
  )
}

function storedUnder(document: string): DocId {
  return asDocId(`_local/replication-failures:${document}`)
}

function keyOf({ id, rev }: Pick<WriteFailure, 'id' | 'rev'>): string {
  return JSON.stringify([id, rev])
}
