import { attachmentHead, CLOSING, delimiter, relatedHead, type AttachmentPart } from './related.ts'

/** An attachment's part with the way to its bytes, `length` of them. */
export interface AttachmentSource extends AttachmentPart {
  readonly open: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** One part of a `multipart/mixed` body: header lines without line ends, and the body's pieces. */
export interface MixedPart {
  readonly headers: readonly string[]
  readonly body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/**
 * Writes a `multipart/related` body: the document's JSON, then each attachment, opened when its turn comes. The pieces
 * are `relatedLength` bytes together.
 */
export async function* writeRelated(
  boundary: string,
  json: Uint8Array,
  attachments: Iterable<AttachmentSource>,
): AsyncGenerator<Uint8Array> {
  yield relatedHead(boundary, json)
  for (const attachment of attachments) {
    yield attachmentHead(attachment)
    yield* attachment.open()
    yield delimiter(boundary)
  }
  yield CLOSING
}

/** Writes a `multipart/mixed` body (CouchDB: chttpd_db:send_docs_multipart/3), each part when its turn comes. */
export async function* writeMixed(
  boundary: string,
  parts: AsyncIterable<MixedPart> | Iterable<MixedPart>,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`--${boundary}`)
  for await (const part of parts) {
    yield Buffer.from(part.headers.map(line => `\r\n${line}`).join('') + '\r\n\r\n')
    yield* part.body
    yield delimiter(boundary)
  }
  yield CLOSING
}
