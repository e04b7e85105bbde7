import { keepDocument } from '../keep-document.ts'
import { GatheredBytes } from '../../protocol/gathered-bytes.ts'
import { boundaryOf } from '../../protocol/multipart/content-type.ts'
import { MultipartParser } from '../../protocol/multipart/parser.ts'
import { PeerError } from '../peer-error.ts'
import type { OpenedRevision } from '../peer.ts'

/** Returns the first part of a `multipart/related` body, the document, and leaves its attachments unread. */
export async function firstPart({
  contentType,
  body,
}: OpenedRevision & { kind: 'multipart' }): Promise<Uint8Array> {
  const boundary = boundaryOf(contentType)
  const parser = new MultipartParser(boundary ?? '')
  const document = new GatheredBytes()
  for await (const chunk of body) {
    for (const event of parser.push(chunk)) {
      if (event.kind === 'body') keepDocument(document, event.bytes)
      if (event.kind === 'part-end') return document.take()
    }
  }
  throw new PeerError('bad_document', 'a document with attachments was cut off', { transient: true })
}
