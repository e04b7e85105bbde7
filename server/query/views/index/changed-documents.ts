import { isDesignId, type DocId } from '../../../../protocol/document-id.ts'
import { changesAtMoment } from '../../../database/reading/change-pages.ts'
import { readFirstBodies } from '../../../database/reading/read-bodies.ts'
import { idOfRow, revOfRow } from '../../../database/reading/row-text.ts'
import { attachmentsMember } from '../../../database/documents/attachments-member.ts'
import { isBranched, isDeleted, seqOf, winnerBody } from '../../../database/documents/change-record.ts'
import type { Database } from '../../../database/database.ts'
import { conflictsOf, type DocumentContent } from '../../document-content.ts'
import type { StoreSnapshot } from '../../../database/indexes/index-store.ts'

/** A document as an index takes it up: without content where it is deleted or not to be indexed. */
export interface ChangedDocument {
  readonly id: DocId
  readonly content: DocumentContent | undefined
}

export interface IndexBatch {
  readonly documents: readonly ChangedDocument[]
  readonly seq: number
}

/** Documents of a batch at most. */
export const DOCUMENTS_AT_A_TIME = 500
/** Of large documents a batch has fewer. */
const BATCH_BYTES = 4 * 1024 * 1024

interface ReadOptions {
  readonly snapshot: StoreSnapshot
  readonly includeDesign: boolean
  readonly localSeq: boolean
  /** Documents of the next batch at most. Default: {@link DOCUMENTS_AT_A_TIME}. */
  readonly limit?: () => number
}

/** The documents behind a sequence, in the order of their changes, as they were when the snapshot was taken. */
export async function* changedDocuments(
  database: Database,
  since: number,
  options: ReadOptions,
): AsyncGenerator<IndexBatch> {
  const { snapshot, limit = () => DOCUMENTS_AT_A_TIME } = options
  const pages = changesAtMoment(database, { after: since, size: DOCUMENTS_AT_A_TIME, snapshot })
  for await (const page of pages) {
    let records = page
    while (records.length > 0) {
      const documents = await readFirst(database, records.slice(0, limit()), options)
      yield { documents, seq: seqOf(records[documents.length - 1] as Uint8Array) }
      records = records.slice(documents.length)
    }
  }
}

/** The first documents of a page, at least one. */
async function readFirst(
  database: Database,
  records: readonly Uint8Array[],
  options: ReadOptions,
): Promise<ChangedDocument[]> {
  const bodies = await readFirstBodies(database, records.map(winnerBody), BATCH_BYTES)
  return bodies.map((stored, index) => {
    const record = records[index] as Uint8Array
    const id = idOfRow(record)
    const isWanted = !isDeleted(record) && (options.includeDesign || !isDesignId(id))
    // A body that is gone was replaced since: its document comes again, with a later change.
    if (!isWanted || stored === undefined) return { id, content: undefined }
    const extras =
      attachmentsMember(stored.attachments) +
      (isBranched(record) ? conflictsOf(database, id) : '') +
      (options.localSeq ? `,"_local_seq":${seqOf(record)}` : '')
    return { id, content: { id, rev: revOfRow(record), body: stored.body, extras } }
  })
}
