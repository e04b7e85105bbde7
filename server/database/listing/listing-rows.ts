import { jsonString } from '../../../protocol/json/json-string.ts'
import { renderDocument } from '../../../protocol/document/render.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import { readBodies } from '../../changes/rows/read-bodies.ts'
import type { RowBuffer } from '../../changes/rows/row-buffer.ts'
import { idBytesOfKey } from '../../storage/keys.ts'
import { applyReadRules } from '../apply-rules.ts'
import { attachmentsMember, loadData, STUBS } from '../attachments-member.ts'
import type { BodyRecord } from '../body-record.ts'
import type { Database } from '../database.ts'
import {
  decodeDocumentRecord,
  isBranchedRecord,
  isLiveRecord,
  revBytesOf,
  winnerBodyOf,
} from '../document-record.ts'
import type { DatabaseSnapshot } from '../snapshot.ts'
import { conflictsMember } from './conflicts-member.ts'
import type { ListingQuery } from './listing-query.ts'

export type StoredEntry = readonly [key: Uint8Array, record: Uint8Array]

const ID = Buffer.from('{"id":')
const KEY = Buffer.from(',"key":')
const VALUE = Buffer.from(',"value":{"rev":')
const DELETED = Buffer.from(',"deleted":true')
const DOC = Buffer.from(',"doc":')
const END = Buffer.from('}')
const NULL = Buffer.from('null')
const DOC_ID = Buffer.from('{"_id":')
const DOC_REV = Buffer.from(',"_rev":')
const COMMA = Buffer.from(',')
const QUOTE = Buffer.from('"')

/** Makes the rows of a list from documents' records, from the bytes as they are stored. */
export class ListingRows {
  readonly #database: Database
  readonly #snapshot: DatabaseSnapshot
  readonly #query: ListingQuery
  readonly #user: UserContext

  constructor(database: Database, snapshot: DatabaseSnapshot, query: ListingQuery, user: UserContext) {
    this.#database = database
    this.#snapshot = snapshot
    this.#query = query
    this.#user = user
  }

  /** The documents of a page, where they are wanted; those of tombstones are null. */
  async documents(entries: readonly StoredEntry[]): Promise<readonly (Document | undefined)[]> {
    if (!this.#query.includeDocs) return []
    const live = entries.map(([, record]) => isLiveRecord(record))
    const numbers = entries.filter((_, at) => live[at]).map(([, record]) => winnerBodyOf(record))
    const bodies = await readBodies(this.#database, numbers, this.#snapshot)
    let next = 0
    const documents: (Document | undefined)[] = []
    for (const [at, entry] of entries.entries()) {
      const body = live[at] === true ? bodies[next++] : undefined
      documents.push(body && { body, extras: await this.#extras(entry, body) })
    }
    return documents
  }

  /** Appends a row. */
  write(out: RowBuffer, entry: StoredEntry, document: Document | undefined): void {
    const [key, record] = entry
    const id = idBytesOfKey(key)
    out.bytes(ID)
    writeString(out, id)
    out.bytes(KEY)
    writeString(out, id)
    out.bytes(VALUE)
    writeString(out, revBytesOf(record))
    if (!isLiveRecord(record)) out.bytes(DELETED)
    out.bytes(END)
    if (this.#query.includeDocs) {
      out.bytes(DOC)
      this.#writeDocument(out, entry, document)
    }
    out.bytes(END)
  }

  #writeDocument(out: RowBuffer, [key, record]: StoredEntry, document: Document | undefined): void {
    if (document === undefined) out.bytes(NULL)
    else if (this.#database.rules !== undefined) out.bytes(this.#ruled(key, record, document))
    else {
      const { body } = document.body
      out.bytes(DOC_ID)
      writeString(out, idBytesOfKey(key))
      out.bytes(DOC_REV)
      writeString(out, revBytesOf(record))
      if (body.length > 2) {
        out.bytes(COMMA)
        out.copy(body, 1, body.length - 1)
      }
      if (document.extras !== '') out.text(document.extras)
      out.bytes(END)
    }
  }

  #ruled(key: Uint8Array, record: Uint8Array, { body: { body }, extras }: Document): Buffer {
    const id = Buffer.from(idBytesOfKey(key)).toString() as DocId
    const { rev } = decodeDocumentRecord(record)
    const json = renderDocument({ id, rev, deleted: false, body, extras })
    return applyReadRules(this.#database, id, json, this.#user)
  }

  async #extras([key, record]: StoredEntry, { attachments }: BodyRecord): Promise<string> {
    const { conflicts, attachments: withData, attEncodingInfo } = this.#query
    const others =
      conflicts && isBranchedRecord(record) ? await conflictsMember(this.#snapshot, key, record) : ''
    if (attachments.length === 0) return others
    const view = {
      ...STUBS,
      show: withData ? ('data' as const) : ('stubs' as const),
      encodingInfo: attEncodingInfo,
    }
    const data = await loadData(this.#database.attachments, attachments, view)
    return others + attachmentsMember(attachments, view, data)
  }
}

/** What a row shows of a document. */
interface Document {
  readonly body: BodyRecord
  /** Conflicts and attachments. */
  readonly extras: string
}

const SPACE = 0x20
const QUOTATION = 0x22
const BACKSLASH = 0x5c

/** Appends text as a JSON string; nearly always its bytes are that already. */
export function writeString(out: RowBuffer, text: Uint8Array): void {
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]!
    if (byte < SPACE || byte === QUOTATION || byte === BACKSLASH) {
      out.text(jsonString(Buffer.from(text).toString()))
      return
    }
  }
  out.bytes(QUOTE)
  out.bytes(text)
  out.bytes(QUOTE)
}
