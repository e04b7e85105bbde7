import type { DocId } from '../../protocol/document-id.ts'
import { renderDocument, writeDocumentParts } from '../../protocol/document/render.ts'
import { ByteWriter } from '../../protocol/json/byte-writer.ts'
import type { JsonObject } from '../../protocol/json-value.ts'
import type { Rev } from '../../protocol/revision.ts'
import { leaves } from '../../protocol/revtree/leaves.ts'
import { projection, storedProjection } from '../../protocol/selector/projection.ts'
import { fieldReader, type StoredText } from '../../protocol/selector/read-fields.ts'
import type { Database } from '../database/database.ts'

/** A document as it is stored, and what its JSON has besides. */
export interface DocumentContent extends StoredText {
  readonly id: DocId
  readonly rev: Rev
  /** Members behind the body, each with a comma in front. */
  readonly extras: string
}

/** The whole document as JSON. */
export function documentText({ id, rev, body, extras }: DocumentContent): Buffer {
  return renderDocument({ id, rev, deleted: false, body, extras })
}

/** The whole documents as a JSON array. */
export function documentTexts(contents: readonly DocumentContent[]): string {
  const bytes = contents.reduce((sum, { body, extras }) => sum + body.length + extras.length, 0)
  const out = new ByteWriter(bytes + AROUND_BODY * contents.length)
  out.latin1('[')
  for (const [index, { id, rev, body, extras }] of contents.entries()) {
    if (index > 0) out.latin1(',')
    writeDocumentParts({ id, rev, deleted: false, body, extras }, out)
  }
  out.latin1(']')
  return out.take().toString()
}

/** More than the id and revision of most documents take. */
const AROUND_BODY = 200

/** Writes the whole document, or some fields of it, as JSON. */
export function documentWriter(
  fields: readonly string[] | undefined,
): (content: DocumentContent, out: ByteWriter) => void {
  if (fields === undefined) {
    return ({ id, rev, body, extras }, out) =>
      writeDocumentParts({ id, rev, deleted: false, body, extras }, out)
  }
  const project = storedProjection(fields) ?? ofWhole(fields)
  return (content, out) => out.utf8(project(content))
}

function ofWhole(fields: readonly string[]): (content: DocumentContent) => string {
  const project = projection(fields)
  return content => project(documentText(content))
}

/** Returns a reader of the members that a selector looks at, which parses no others if possible. */
export function selectorFieldsReader(selector: JsonObject): (content: DocumentContent) => JsonObject {
  return fieldReader(selector) ?? (content => JSON.parse(documentText(content).toString()) as JsonObject)
}

/** The `_conflicts` member, a comma in front; empty if there are none. */
export function conflictsOf(database: Database, id: DocId): string {
  const document = database.document(id)
  if (document === undefined) return ''
  const others = leaves(document.tree).filter(leaf => !leaf.deleted && leaf.rev !== document.rev)
  return others.length === 0 ? '' : `,"_conflicts":${JSON.stringify(others.map(({ rev }) => rev))}`
}
