import { randomBytes } from 'node:crypto'
import { fail } from '../../../protocol/errors.ts'
import { writeMixed, type MixedPart } from '../../../protocol/multipart/writer.ts'
import type { StoredAttachment } from '../../database/documents/body-record.ts'
import type { Database } from '../../database/database.ts'
import { acceptsEncoding, acceptsIdentity } from '../../http/request/accept.ts'
import { contentRange, parseByteRanges, type ByteRange } from '../../http/response/byte-ranges.ts'
import type { RequestContext } from '../context.ts'
import { storedHeaderText } from '../../http/response/header-text.ts'
import { notModified } from '../../http/response/reply.ts'
import { sendPieces } from '../../http/response/send-pieces.ts'

/**
 * Answers an attachment's bytes, or ranges of them: encoded as they are stored to who accepts that, otherwise decoded
 * (CouchDB: chttpd_db:db_attachment_req/4).
 */
export async function sendAttachment(
  ctx: RequestContext,
  database: Database,
  attachment: StoredAttachment,
): Promise<void> {
  // Asked before anything else of it (CouchDB: couch_httpd:accepted_encodings/1).
  if (!acceptsIdentity(ctx) && !acceptsEncoding(ctx, 'gzip')) throw fail('noEncodingAccepted')
  if (notModified(ctx, attachment.digest.slice('md5-'.length))) return
  const encoded = attachment.encoding !== undefined && acceptsEncoding(ctx, attachment.encoding)
  setHeaders(ctx, attachment, encoded)
  if (attachment.encoding !== undefined) {
    await sendEncoded(ctx, database, attachment, encoded)
    return
  }
  const { length } = attachment
  const ranges = parseByteRanges(ctx.headers.range, length)
  const [range, ...more] = ranges ?? []
  if (range === undefined) await send(ctx, database, attachment, { first: 0, last: length - 1 })
  else if (more.length === 0) {
    ctx.status = 206
    ctx.set('Content-Range', contentRange(range, length))
    await send(ctx, database, attachment, range)
  } else await sendRanges(ctx, database, attachment, [range, ...more])
}

function setHeaders(ctx: RequestContext, attachment: StoredAttachment, encoded: boolean): void {
  const { config } = ctx.services
  ctx.status = 200
  ctx.set('Cache-Control', 'must-revalidate')
  ctx.set('Content-Type', typeInHeader(attachment))
  if (encoded) ctx.set('Content-Encoding', attachment.encoding ?? 'identity')
  ctx.set('Accept-Ranges', attachment.encoding === undefined ? 'bytes' : 'none')
  if (config.boolean('csp', 'attachments_enable')) {
    ctx.set('Content-Security-Policy', config.text('csp', 'attachments_header_value'))
  }
}

/** Any text is a type that a document may have; one that no client would read as a header stays in the document. */
function typeInHeader({ contentType }: StoredAttachment): string {
  return storedHeaderText(contentType) ?? 'application/octet-stream'
}

async function send(
  ctx: RequestContext,
  database: Database,
  { content }: StoredAttachment,
  { first, last }: ByteRange,
): Promise<void> {
  const length = last - first + 1
  ctx.length = length
  await sendPieces(ctx, await database.attachments.read(content, { from: first, to: last + 1 }))
}

/** Decoded, the length is known only of what was compressed here or by a peer that told it. */
async function sendEncoded(
  ctx: RequestContext,
  database: Database,
  attachment: StoredAttachment,
  encoded: boolean,
): Promise<void> {
  const { length, encodedLength = length, content } = attachment
  const lengthIsKnown = encoded || length !== encodedLength
  if (lengthIsKnown) ctx.length = encoded ? encodedLength : length
  const bytes = encoded
    ? await database.attachments.read(content)
    : await database.attachments.readDecoded(attachment)
  await sendPieces(ctx, bytes)
}

/** Several ranges as `multipart/byteranges`, without the headers of the whole (CouchDB: send_ranges_multipart/5). */
async function sendRanges(
  ctx: RequestContext,
  database: Database,
  attachment: StoredAttachment,
  ranges: readonly ByteRange[],
): Promise<void> {
  const boundary = randomBytes(16).toString('hex')
  for (const name of ['ETag', 'Accept-Ranges', 'Content-Security-Policy']) ctx.remove(name)
  ctx.status = 206
  ctx.set('Content-Type', `multipart/byteranges; boundary="${boundary}"`)
  await sendPieces(ctx, writeMixed(boundary, rangeParts(database, attachment, ranges)))
}

async function* rangeParts(
  database: Database,
  attachment: StoredAttachment,
  ranges: readonly ByteRange[],
): AsyncGenerator<MixedPart> {
  const { content, length } = attachment
  const type = typeInHeader(attachment)
  for (const range of ranges) {
    const { first, last } = range
    yield {
      headers: [`Content-Type: ${type}`, `Content-Range: ${contentRange(range, length)}`],
      body: await database.attachments.read(content, { from: first, to: last + 1 }),
    }
  }
}
