import type { DocId } from '../../../protocol/document-id.ts'
import { relatedContentType } from '../../../protocol/multipart/related.ts'
import { writeMixed, type MixedPart } from '../../../protocol/multipart/writer.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { Database } from '../../database/database.ts'
import { readOrSay } from '../../database/documents/damage-of.ts'
import {
  readRevision,
  type OpenRevision,
  type DocumentReadOptions,
  type ReadRevision,
} from '../../database/documents/read-document.ts'
import { newBoundary, relatedBody } from '../../database/documents/related-body.ts'
import type { RequestContext } from '../context.ts'
import { sendPieces } from '../../http/response/send-pieces.ts'

/** The document and its attachments as `multipart/related`; without any to send, the document alone. */
export async function sendRelated(
  ctx: RequestContext,
  database: Database,
  read: ReadRevision,
): Promise<void> {
  ctx.status = 200
  ctx.set('Cache-Control', 'must-revalidate')
  if (read.sent.length === 0) {
    ctx.set('Content-Type', 'application/json')
    ctx.body = read.json
    return
  }
  const { boundary, length, pieces } = relatedBody(database, read)
  ctx.set('Content-Type', relatedContentType(boundary))
  ctx.length = length
  await sendPieces(ctx, pieces)
}

/** Parts of a `multipart/mixed` or `multipart/related` answer, each made when its turn comes. */
export async function sendParts(
  ctx: RequestContext,
  type: 'multipart/mixed' | 'multipart/related',
  parts: Iterable<MixedPart>,
): Promise<void> {
  const boundary = newBoundary()
  ctx.status = 200
  ctx.set('Cache-Control', 'must-revalidate')
  ctx.set('Content-Type', `${type}; boundary="${boundary}"`)
  await sendPieces(ctx, writeMixed(boundary, parts))
}

/**
 * The parts of an answer to `open_revs`: documents with their attachments nested, and what is missing
 * (CouchDB: chttpd_db:send_docs_multipart/3).
 */
export function* openRevisionParts(
  database: Database,
  id: DocId,
  found: Iterable<OpenRevision>,
  options: DocumentReadOptions,
  reader: UserContext,
): Generator<MixedPart> {
  for (const entry of found) {
    if ('missing' in entry) yield errorPart({ missing: entry.missing })
    else {
      const asked = { ...options, attachments: 'follows' as const, attEncodingInfo: true }
      const { rev } = entry.ok.node
      const read = readOrSay(rev, () => readRevision(database, id, entry.ok, asked, reader))
      if ('instead' in read) yield errorPart(read.instead)
      else
        yield documentPart(database, read.value, boundary => [
          `Content-Type: ${relatedContentType(boundary)}`,
        ])
    }
  }
}

/** A document as a part: as JSON, or nested with the attachments that are sent. */
export function documentPart(
  database: Database,
  read: ReadRevision,
  relatedHeaders: (boundary: string) => string[],
): MixedPart {
  if (read.sent.length === 0) return { headers: ['Content-Type: application/json'], body: [read.json] }
  const { boundary, pieces } = relatedBody(database, read)
  return { headers: relatedHeaders(boundary), body: pieces }
}

export function errorPart(error: unknown): MixedPart {
  return {
    headers: ['Content-Type: application/json; error="true"'],
    body: [Buffer.from(JSON.stringify(error))],
  }
}
