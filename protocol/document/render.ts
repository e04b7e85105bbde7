import type { DocId } from '../document-id.ts'
import type { ByteWriter } from '../json/byte-writer.ts'
import type { Rev } from '../revision.ts'

export interface RenderedParts {
  readonly id: DocId
  readonly rev: Rev
  readonly deleted: boolean
  /** JSON object text without the members that start with "_". */
  readonly body: Uint8Array
  /** Members to add behind the body, each with a comma in front: `,"_conflicts":["2-x"]`. */
  readonly extras?: string
}

/**
 * A document as JSON text: `_id`, `_rev`, the body as it was written, `_deleted`, then metadata
 * (the order of couch_doc:to_json_obj/2).
 */
export function renderDocument(parts: RenderedParts): Buffer {
  const { body } = parts
  const [head, tail] = aroundBody(parts)
  const headLength = Buffer.byteLength(head)
  const bytes = Buffer.allocUnsafe(headLength + body.length - 2 + Buffer.byteLength(tail))
  bytes.write(head)
  bytes.set(body.subarray(1, body.length - 1), headLength)
  bytes.write(tail, headLength + body.length - 2)
  return bytes
}

/** Writes a document's JSON after the text that the writer already has. */
export function writeDocumentParts(parts: RenderedParts, out: ByteWriter): void {
  const { body } = parts
  const [head, tail] = aroundBody(parts)
  out.utf8(head)
  out.append(body.subarray(1, body.length - 1))
  out.utf8(tail)
}

function aroundBody({ id, rev, deleted, body, extras = '' }: RenderedParts): [head: string, tail: string] {
  return [
    `{"_id":${JSON.stringify(id)},"_rev":${JSON.stringify(rev)}${body.length > 2 ? ',' : ''}`,
    `${deleted ? ',"_deleted":true' : ''}${extras}}`,
  ]
}
