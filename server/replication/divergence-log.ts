import { asDocId, type DocId } from '../../protocol/document-id.ts'
import {
  Divergence,
  type DivergentDocument,
  type InFlightDocument,
  type StoredDivergence,
} from '../../replicator/verification/divergence.ts'
import type { Refusals } from '../../replicator/verification/refusals.ts'
import type { Database } from '../database/database.ts'
import { readLocalDocument } from '../database/documents/local-documents.ts'

/** Stored state, and the id of the job that it is of. */
interface StoredLog extends StoredDivergence {
  readonly job: string
}

/**
 * The divergence of a document's job, kept in a `_local` document of the job's database, so that it survives restarts: since
 * when documents differ, and when the next comparison is due.
 */
export class DivergenceLog {
  readonly #database: Database
  readonly #id: DocId
  #saved: Promise<unknown> = Promise.resolve()

  constructor(database: Database, document: string) {
    this.#database = database
    this.#id = storedUnder(document)
  }

  /** Returns the divergence as it is stored, if it is that of this job. */
  async open(refusals: Refusals, job?: string): Promise<Divergence> {
    const stored = await readLocalDocument(this.#database, this.#id)
    const parsed = stored && parseStored(JSON.parse(Buffer.from(stored.body).toString()))
    if (parsed === undefined || (job !== undefined && parsed.job !== job)) return new Divergence(refusals)
    return new Divergence(refusals, parsed)
  }

  /** Writes the state; idempotent. */
  save(divergence: Divergence, job: string): void {
    const body = Buffer.from(JSON.stringify({ ...divergence.stored, job } satisfies StoredLog))
    const edit = { id: this.#id, rev: undefined, deleted: false, body }
    this.#saved = this.#database.write({ kind: 'edit_local_documents', edits: [edit] }).catch(() => undefined)
  }

  /** Waits for the last write. */
  async close(): Promise<void> {
    await this.#saved
  }

  /** Removes what is stored for a document that is gone. */
  async discard(): Promise<void> {
    if ((await readLocalDocument(this.#database, this.#id)) === undefined) return
    const edit = { id: this.#id, rev: undefined, deleted: true, body: new Uint8Array() }
    await this.#database.write({ kind: 'edit_local_documents', edits: [edit] })
  }
}

/** Members of the database can write the document too: other content is ignored. */
function parseStored(value: unknown): StoredLog | undefined {
  const { job, triedAt, checkedAt, error, staying, inFlight, untracked, repairs } =
    value as Partial<StoredLog>
  const isValid =
    typeof job === 'string' &&
    isTime(triedAt) &&
    (checkedAt === null || isTime(checkedAt)) &&
    (error === null || typeof error === 'string') &&
    isListOf(staying, isStaying) &&
    isListOf(inFlight, isInFlight) &&
    typeof untracked === 'number' &&
    typeof repairs?.repaired === 'number' &&
    typeof repairs.failed === 'number' &&
    (repairs.last === null || isTime(repairs.last.at))
  return isValid ? (value as StoredLog) : undefined
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value))
}

function isListOf(value: unknown, is: (item: never) => boolean): boolean {
  return (
    Array.isArray(value) &&
    value.every(item => typeof item === 'object' && item !== null && is(item as never))
  )
}

function isDocument({ id, revs, since }: Partial<InFlightDocument>): boolean {
  return (
    typeof id === 'string' &&
    Array.isArray(revs) &&
    revs.every(rev => typeof rev === 'string') &&
    isTime(since)
  )
}

function isStaying(document: Partial<DivergentDocument>): boolean {
  return isDocument(document) && typeof document.reason === 'string'
}

function isInFlight(document: Partial<InFlightDocument>): boolean {
  return isDocument(document) && ['string', 'number'].includes(typeof document.seq)
}

function storedUnder(document: string): DocId {
  return asDocId(`_local/replication-divergence:${document}`)
}
