import { parseDocId, type DocId } from '../../../protocol/document-id.ts'
import { CouchError, fail } from '../../../protocol/errors.ts'
import { parseRev, type Rev } from '../../../protocol/revision.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { Database } from '../../database/database.ts'
import { damageOf } from '../../database/documents/damage-of.ts'
import type { OpenRevision } from '../../database/documents/read-document.ts'
import type { DeltaLimits } from '../../database/documents/revision-delta.ts'
import { RevisionFinder } from '../../database/documents/revision-finder.ts'
import { checkIdIn } from '../shared/document-limits.ts'

/** An element of `docs` with the revisions that were found. */
export interface BulkGetEntry {
  /** As given. */
  readonly id: unknown
  readonly rev: unknown
  readonly docId?: DocId
  readonly attsSince?: readonly Rev[]
  /** Revisions that the reader has, to make a delta of one of them. */
  readonly bases?: ReadonlySet<Rev>
  readonly found: readonly OpenRevision[]
  readonly error?: CouchError
}

/** Reads the elements of `docs` and finds their revisions. An element with an error becomes an entry with that error. */
export class BulkGetEntries {
  readonly #database: Database
  readonly #revisions: RevisionFinder
  readonly #takesBases: boolean
  readonly #mostRevs: number

  constructor(
    database: Database,
    options: {
      readonly latest: boolean
      readonly user: UserContext
      readonly deltas?: DeltaLimits | undefined
      /** Most revisions in a list of an element. */
      readonly mostRevs: number
    },
  ) {
    this.#database = database
    this.#takesBases = options.deltas !== undefined
    this.#mostRevs = options.mostRevs
    this.#revisions = new RevisionFinder(database, options)
  }

  of(doc: unknown): BulkGetEntry {
    if (!isAskedDocument(doc)) return noEntry(NO_OBJECT)
    const { id, rev, atts_since: since } = doc
    // An empty object counts as none.
    if (id === undefined) return noEntry(Object.keys(doc).length === 0 ? NO_OBJECT : 'document id missed')
    try {
      const docId = parseDocId(id)
      checkIdIn(this.#database, docId)
      const revs = rev === undefined ? 'all' : [parseRev(rev)]
      const attsSince = since === undefined ? NO_REVS : parseSince(since, this.#mostRevs)
      const found = this.#revisions.find(docId, revs)
      return {
        id,
        rev,
        docId,
        // An empty list asks for nothing.
        ...(attsSince.length === 0 ? {} : { attsSince }),
        ...(this.#takesBases && doc.bases !== undefined
          ? { bases: new Set(parseSince(doc.bases, this.#mostRevs)) }
          : {}),
        found,
      }
    } catch (error) {
      const damage = damageOf(error)
      if (damage !== undefined) return { id, rev, found: [], error: damage }
      if (!(error instanceof CouchError)) throw error
      return { id, rev: revBlamed(doc, error), found: [], error }
    }
  }
}

function noEntry(reason: string): BulkGetEntry {
  return { id: undefined, rev: undefined, found: [], error: fail('badRequest', reason) }
}

/** The revision that an error is about, as given (CouchDB: chttpd_db:bulk_get_parse_doc_id/2 and parse_field/2). */
function revBlamed({ rev, atts_since: since }: AskedDocument, error: CouchError): unknown {
  if (error.status === 404) return rev ?? 'undefined'
  if (error.reason === SINCE_REASON) return since
  if (error.error !== 'bad_request') return undefined
  return [rev, ...(Array.isArray(since) ? (since as unknown[]) : [])].find(
    one => one !== undefined && !isRev(one),
  )
}

function isRev(value: unknown): boolean {
  try {
    parseRev(value)
    return true
  } catch {
    return false
  }
}

interface AskedDocument {
  readonly id?: unknown
  readonly rev?: unknown
  readonly atts_since?: unknown
  readonly bases?: unknown
}

function isAskedDocument(doc: unknown): doc is AskedDocument {
  return typeof doc === 'object' && doc !== null && !Array.isArray(doc)
}

const NO_OBJECT = 'document must be a JSON object'

const NO_REVS: readonly Rev[] = []

const SINCE_REASON = 'att_since value must be array of revs.'

function parseSince(value: unknown, most: number): Rev[] {
  if (!Array.isArray(value)) throw fail('badRequest', SINCE_REASON)
  if (value.length > most) throw fail('tooLarge', `more than ${most} revisions of one document`)
  return value.map(parseRev)
}
