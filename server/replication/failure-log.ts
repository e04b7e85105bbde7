import { LRUCache } from 'lru-cache'
import type { DocId } from '../../protocol/document-id.ts'
import type { WriteFailure } from '../../replicator/peer.ts'
import type { Database } from '../database/database.ts'
import { readLocalDocument } from '../database/documents/local-documents.ts'

/** A document that a job could not write. */
export interface LoggedFailure extends WriteFailure {
  /** ISO 8601. */
  readonly first: string
  readonly last: string
  readonly tries: number
}

const MAX_LISTED = 1000
const SAVE_AFTER_MS = 500

/**
 * The documents that one job's target refused, kept in a `_local` document of the job's database, so that they survive
 * restarts. All are counted; the last thousand are listed.
 */
export class FailureLog {
  readonly #database: Database
  readonly #id: DocId
  readonly #failures = new LRUCache<string, LoggedFailure>({ max: MAX_LISTED })
  #total = 0
  #saving: NodeJS.Timeout | undefined
  #saved: Promise<unknown> = Promise.resolve()

  private constructor(database: Database, document: string) {
    this.#database = database
    this.#id = storedUnder(document)
  }

  static async open(database: Database, document: string): Promise<FailureLog> {
    const log = new FailureLog(database, document)
    const stored = await readLocalDocument(database, log.#id)
    if (stored) log.#load(JSON.parse(Buffer.from(stored.body).toString()) as StoredLog)
    return log
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

  /** The listed failures, that of longest ago first. */
  get list(): readonly LoggedFailure[] {
    return [...this.#failures.rvalues()].filter(failure => failure !== undefined)
  }

  add(failure: WriteFailure): void {
    const key = keyOf(failure)
    const known = this.#failures.get(key)
    const now = new Date().toISOString()
    if (!known) this.#total++
    this.#failures.set(key, {
      ...failure,
      first: known?.first ?? now,
      last: now,
      tries: (known?.tries ?? 0) + 1,
    })
    this.#saveSoon()
  }

  /** The document has been written after all. */
  remove(failure: WriteFailure): void {
    if (this.#failures.delete(keyOf(failure))) this.#saveSoon()
  }

  /** Writes what has not been written; idempotent. */
  async close(): Promise<void> {
    if (this.#saving !== undefined) this.#save()
    await this.#saved
  }

  /** Members of the database can write the document too: other content than a list of failures is ignored. */
  #load({ total, failures }: Partial<StoredLog>): void {
    if (typeof total !== 'number' || !Array.isArray(failures)) return
    this.#total = total
    for (const failure of failures.slice(0, MAX_LISTED) as (LoggedFailure | null)[]) {
      if (typeof failure?.id === 'string') this.#failures.set(keyOf(failure), failure)
    }
  }

  #saveSoon(): void {
    this.#saving ??= setTimeout(() => this.#save(), SAVE_AFTER_MS).unref()
  }

  #save(): void {
    clearTimeout(this.#saving)
    this.#saving = undefined
    const stored: StoredLog = { total: this.#total, failures: this.list }
    const body = Buffer.from(JSON.stringify(stored))
    const edit = { id: this.#id, rev: undefined, deleted: false, body }
    this.#saved = this.#database.write({ kind: 'edit_local_documents', edits: [edit] }).catch(() => undefined)
  }
}

interface StoredLog {
  readonly total: number
  readonly failures: readonly LoggedFailure[]
}

function storedUnder(document: string): DocId {
  return `_local/replication-failures:${document}` as DocId
}

function keyOf({ id, rev }: WriteFailure): string {
  return JSON.stringify([id, rev])
}
