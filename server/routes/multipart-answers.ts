import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { DocId } from '../../protocol/document-id.ts'
import { relatedContentType, relatedLength } from '../../protocol/multipart/related.ts'
import {
  writeMixed,
  writeRelated,
  type AttachmentSource,
  type MixedPart,
} from '../../protocol/multipart/writer.ts'
import type { StoredAttachment } from '../database/body-record.ts'
import type { Database } from '../database/database.ts'
import {
  readRevision,
  type OpenRevision,
  type ReadOptions,
  type ReadRevision,
} from '../database/read-document.ts'
import type { RequestContext } from '../http/context.ts'

/** The document and its attachments as `multipart/related`; without any to send, the document alone. */
export function sendRelated(ctx: RequestContext, database: Database, { json, sent }: ReadRevision): void {
  ctx.status = 200
  ctx.set('Cache-Control', 'must-revalidate')
  if (sent.length === 0) {
    ctx.set('Content-Type', 'application/json')
    ctx.body = json
    return
  }
  const boundary = newBoundary()
  const sources = sent.map(attachment => sourceOf(database, attachment))
  ctx.set('Content-Type', relatedContentType(boundary))
  ctx.body = streamOf(writeRelated(boundary, json, sources))
  ctx.length = relatedLength(boundary, json.length, sources)
}

/** Parts of a `multipart/mixed` or `multipart/related` answer, each made when its turn comes. */
export function sendParts(
  ctx: RequestContext,
  type: 'multipart/mixed' | 'multipart/related',
  parts: Iterable<MixedPart>,
): void {
  const boundary = newBoundary()
  ctx.status = 200
  ctx.set('Cache-Control', 'must-revalidate')
  ctx.set('Content-Type', `${type}; boundary="${boundary}"`)
  ctx.body = streamOf(writeMixed(boundary, parts))
}

/**
 * The parts of an answer to `open_revs`: documents with their attachments nested, and what is missing
 * (CouchDB: chttpd_db:send_docs_multipart/3).
 *
 * @param shown what of a document's JSON the user may see
 */
export function* openRevisionParts(
  database: Database,
  id: DocId,
  found: Iterable<OpenRevision>,
  options: ReadOptions,
  shown: (json: Buffer) => Buffer,
): Generator<MixedPart> {
  for (const entry of found) {
    if ('missing' in entry) yield errorPart({ missing: entry.missing })
    else {
      const read = readRevision(database, id, entry.ok, {
        ...options,
        attachments: 'follows',
        attEncodingInfo: true,
      })
      yield documentPart(database, { ...read, json: shown(read.json) }, boundary => [
        `Content-Type: ${relatedContentType(boundary)}`,
      ])
    }
  }
}

/** A document as a part: as JSON, or nested with the attachments that are sent. */
export function documentPart(
  database: Database,
  { json, sent }: ReadRevision,
  relatedHeaders: (boundary: string) => string[],
): MixedPart {
  if (sent.length === 0) return { headers: ['Content-Type: application/json'], body: [json] }
  const boundary = newBoundary()
  const sources = sent.map(attachment => sourceOf(database, attachment))
  return { headers: relatedHeaders(boundary), body: writeRelated(boundary, json, sources) }
}

export function errorPart(error: unknown): MixedPart {
  return {
    headers: ['Content-Type: application/json; error="true"'],
    body: [Buffer.from(JSON.stringify(error))],
  }
}

/** The stored bytes as they are, encoded ones with their encoding. */
function sourceOf(database: Database, attachment: StoredAttachment): AttachmentSource {
  const { name, contentType, length, encoding, encodedLength, content } = attachment
  return {
    name,
    contentType,
    encoding,
    length: encodedLength ?? length,
    open: () => read(database, content),
  }
}

async function* read(database: Database, content: string): AsyncGenerator<Uint8Array> {
  yield* await database.attachments.read(content)
}

function streamOf(pieces: AsyncIterable<Uint8Array>): Readable {
  return Readable.from(pieces, { objectMode: false, highWaterMark: 256 * 1024 })
}

function newBoundary(): string {
  return randomBytes(16).toString('hex')
}
