import type { DocId } from '../../../protocol/document-id.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import {
  attachmentsAroundData,
  STUBS,
  type AttachmentView,
} from '../../database/documents/attachments-member.ts'
import type { BodyRecord } from '../../database/documents/body-record.ts'
import { isBranched, isDeleted, winnerBody } from '../../database/documents/change-record.ts'
import type { Database } from '../../database/database.ts'
import type { TextAroundData } from '../../database/documents/unfilled-json.ts'
import type { FeedRequest } from '../feed-request.ts'
import { PAGE_BYTES } from '../page-bytes.ts'
import { idOfRow, idTextEnd, idTextStart, revTextEnd, revTextStart } from '../../database/reading/row-text.ts'
import type { RowBuffer } from '../../database/reading/row-buffer.ts'
import { readFirstBodies } from '../../database/reading/read-bodies.ts'

type DocumentOptions = Pick<FeedRequest['rows'], 'conflicts' | 'attachments' | 'attEncodingInfo'>

const ID = Buffer.from('{"_id":')
const REV = Buffer.from(',"_rev":')
const COMMA = Buffer.from(',')
const DELETED = Buffer.from(',"_deleted":true')
const END = Buffer.from('}')
const MISSING = Buffer.from('null')

/** The documents of `include_docs`: the winners of a page of records. */
export class RowDocuments {
  readonly #records: readonly Uint8Array[]
  readonly #bodies: readonly (BodyRecord | undefined)[]
  /** Conflicts and attachments, of the documents that have some. */
  readonly #extras: ReadonlyMap<number, TextAroundData>

  static async load(
    database: Database,
    records: readonly Uint8Array[],
    options: DocumentOptions,
  ): Promise<RowDocuments> {
    const bodies = await readFirstBodies(database, records.map(winnerBody), PAGE_BYTES)
    const extras = new Map<number, TextAroundData>()
    for (const [index, body] of bodies.entries()) {
      const record = records[index]!
      if (body === undefined || (body.attachments.length === 0 && !isBranched(record))) continue
      extras.set(index, extrasOf(database, record, body, options))
    }
    return new RowDocuments(records, bodies, extras)
  }

  private constructor(
    records: readonly Uint8Array[],
    bodies: readonly (BodyRecord | undefined)[],
    extras: ReadonlyMap<number, TextAroundData>,
  ) {
    this.#records = records
    this.#bodies = bodies
    this.#extras = extras
  }

  /** Number of documents: fewer than records where documents are large. */
  get length(): number {
    return this.#bodies.length
  }

  /** Appends the document of a record, as couch_doc:to_json_obj/2 orders it; null where its body is not there. */
  write(index: number, out: RowBuffer): void {
    const record = this.#records[index]
    const body = this.#bodies[index]?.body
    if (record === undefined || body === undefined) {
      out.bytes(MISSING)
      return
    }
    out.bytes(ID)
    out.copy(record, idTextStart(record), idTextEnd(record))
    out.bytes(REV)
    out.copy(record, revTextStart(record), revTextEnd(record))
    if (body.length > 2) {
      out.bytes(COMMA)
      out.copy(body, 1, body.length - 1)
    }
    if (isDeleted(record)) out.bytes(DELETED)
    const extras = this.#extras.get(index)
    if (extras !== undefined) out.aroundData(extras)
    out.bytes(END)
  }
}

function extrasOf(
  database: Database,
  record: Uint8Array,
  { attachments }: BodyRecord,
  options: DocumentOptions,
): TextAroundData {
  const conflicts = options.conflicts && isBranched(record) ? conflictsOf(database, idOfRow(record)) : ''
  const view: AttachmentView = {
    ...STUBS,
    show: options.attachments ? 'data' : 'stubs',
    encodingInfo: options.attEncodingInfo,
  }
  return [conflicts, ...attachmentsAroundData(attachments, view)]
}

/** The other leaves that are not deleted. */
function conflictsOf(database: Database, id: DocId): string {
  const tree = database.document(id)?.tree
  const others = tree === undefined ? [] : leaves(tree).slice(1)
  const revs = others.filter(({ deleted }) => !deleted).map(({ rev }) => rev)
  return revs.length === 0 ? '' : `,"_conflicts":${JSON.stringify(revs)}`
}
