import type { DocId } from '../../../protocol/document-id.ts'
import { renderDocument } from '../../../protocol/document/render.ts'
import type { Rev } from '../../../protocol/revision.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import { attachmentsMember } from '../../database/attachments-member.ts'
import { decodeChangeRecord, type ChangeRecord } from '../../database/change-record.ts'
import type { Database } from '../../database/database.ts'
import { numberOfKey, Space } from '../../storage/keys.ts'
import { isDesignId } from '../design/design-document.ts'
import type { Snapshot } from './view-reader.ts'

/** A document as an index takes it up: its JSON, or undefined where it is deleted or not to be indexed. */
export interface ChangedDocument {
  readonly id: DocId
  readonly json: string | undefined
}

export interface ChangesBatch {
  readonly documents: readonly ChangedDocument[]
  readonly seq: number
}

const DOCUMENTS_AT_A_TIME = 500

/** The documents behind a sequence, in the order of their changes, as they were when the snapshot was taken. */
export async function* changedDocuments(
  database: Database,
  since: number,
  options: { snapshot: Snapshot; includeDesign: boolean; localSeq: boolean },
): AsyncGenerator<ChangesBatch> {
  const { lt } = database.keys.range(Space.change)
  const { snapshot } = options
  const iterator = database.store.iterator({
    gte: database.keys.number(Space.change, since + 1),
    lt,
    snapshot,
  })
  try {
    for (;;) {
      const entries = await iterator.nextv(DOCUMENTS_AT_A_TIME)
      const last = entries.at(-1)
      if (last === undefined) return
      const changes = entries.map(([key, record]) => ({
        seq: numberOfKey(key),
        change: decodeChangeRecord(record),
      }))
      yield { documents: await readAll(database, changes, options), seq: numberOfKey(last[0]) }
    }
  } finally {
    await iterator.close()
  }
}

async function readAll(
  database: Database,
  changes: readonly { seq: number; change: ChangeRecord }[],
  options: { snapshot: Snapshot; includeDesign: boolean; localSeq: boolean },
): Promise<ChangedDocument[]> {
  const rows = changes.map(({ change }) => parseRow(change))
  const wanted = changes.map(({ change }, at) => {
    const { id } = rows[at] as ParsedRow
    return !change.deleted && (options.includeDesign || !isDesignId(id))
  })
  const bodies = await database.bodies(
    changes.map(({ change }, at) => (wanted[at] === true ? change.body : 0)),
  )
  return changes.map(({ seq, change }, at) => {
    const { id, rev } = rows[at] as ParsedRow
    const record = bodies[at]
    // A body that is gone was replaced since: its document comes again, with a later change.
    if (wanted[at] !== true || record === undefined) return { id, json: undefined }
    const extras =
      attachmentsMember(record.attachments) +
      (change.allLeaves === change.row ? '' : conflictsMember(database, id)) +
      (options.localSeq ? `,"_local_seq":${seq}` : '')
    return { id, json: renderDocument({ id, rev, deleted: false, body: record.body, extras }).toString() }
  })
}

interface ParsedRow {
  readonly id: DocId
  readonly rev: Rev
}

function parseRow({ row }: ChangeRecord): ParsedRow {
  const { id, changes } = JSON.parse(Buffer.from(row.buffer, row.byteOffset, row.byteLength).toString()) as {
    id: DocId
    changes: [{ rev: Rev }]
  }
  return { id, rev: changes[0].rev }
}

function conflictsMember(database: Database, id: DocId): string {
  const document = database.document(id)
  if (document === undefined) return ''
  const losers = leaves(document.tree).filter(leaf => !leaf.deleted && leaf.rev !== document.rev)
  return losers.length === 0 ? '' : `,"_conflicts":${JSON.stringify(losers.map(({ rev }) => rev))}`
}
