import type { DocId } from '../../../protocol/document-id.ts'
import { history } from '../../../protocol/revtree/history.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import type { Rev } from '../../../protocol/revision.ts'
import type { BodyRecord } from '../../database/documents/body-record.ts'
import { isBranched, isDeleted, winnerBody } from '../../database/documents/change-record.ts'
import type { Database } from '../../database/database.ts'
import type { StoredDocument } from '../../database/documents/stored-document.ts'
import { readFirstBodies } from '../../database/reading/read-bodies.ts'
import { PAGE_BYTES } from '../page-bytes.ts'
import { idOfRow, revOfRow } from '../../database/reading/row-text.ts'

/** A leaf as a filter judges it. */
export interface LeafDocument {
  readonly id: DocId
  readonly rev: Rev
  readonly deleted: boolean
  readonly record: BodyRecord
  /** The winner's other leaves that are not deleted. */
  readonly conflicts: readonly Rev[]
  readonly revisions: { readonly start: number; readonly ids: readonly string[] } | undefined
}

interface Wanted extends Omit<LeafDocument, 'record'> {
  readonly body: number
}

/** CouchDB shows so many ancestors to filter functions (couch_query_servers:json_doc_options/1). */
const REVISIONS_SHOWN = 20

/**
 * Reads the documents that a filter judges of each record, or, where documents are large, of the first records: the
 * winner, or each leaf. A leaf is left out if its body is gone because the change was superseded and compacted away.
 *
 * @param options.revisions true to add `_revisions`
 */
export async function leafDocuments(
  database: Database,
  records: readonly Uint8Array[],
  options: { allLeaves: boolean; revisions: boolean },
): Promise<LeafDocument[][]> {
  const wanted = records.map(record =>
    options.revisions || isBranched(record) ? fromTree(database, record, options) : [fromRecord(record)],
  )
  const bodies = await readFirstBodies(
    database,
    wanted.flat().map(({ body }) => body),
    PAGE_BYTES,
  )
  const found: LeafDocument[][] = []
  let index = 0
  for (const leavesWanted of wanted) {
    // The leaves of one document are judged together, though some were not read for their size.
    const missing = Math.max(0, index + leavesWanted.length - bodies.length)
    if (missing > 0 && found.length > 0) break
    if (missing > 0)
      bodies.push(...(await database.bodies(leavesWanted.slice(-missing).map(({ body }) => body))))
    found.push(
      leavesWanted.flatMap(({ body: _body, ...leaf }) => {
        const record = bodies[index++]
        return record === undefined ? [] : [{ ...leaf, record }]
      }),
    )
  }
  return found
}

function fromRecord(record: Uint8Array): Wanted {
  return {
    id: idOfRow(record),
    rev: revOfRow(record),
    deleted: isDeleted(record),
    body: winnerBody(record),
    conflicts: [],
    revisions: undefined,
  }
}

function fromTree(
  database: Database,
  record: Uint8Array,
  options: { allLeaves: boolean; revisions: boolean },
): Wanted[] {
  const id = idOfRow(record)
  const document = database.document(id)
  if (document === undefined) return []
  const [winner, ...others] = leaves(document.tree)
  if (winner === undefined) return []
  const shown = (leaf: typeof winner, conflicts: readonly Rev[]) => ({
    id,
    rev: leaf.rev,
    deleted: leaf.deleted,
    body: leaf.body,
    conflicts,
    revisions: options.revisions ? revisionsOf(document, leaf.rev) : undefined,
  })
  if (options.allLeaves) return [winner, ...others].map(leaf => shown(leaf, []))
  const conflicts = others.filter(({ deleted }) => !deleted).map(({ rev }) => rev)
  return [shown(winner, conflicts)]
}

function revisionsOf(document: StoredDocument, rev: Rev): LeafDocument['revisions'] {
  return history(document.tree, rev, REVISIONS_SHOWN)
}
