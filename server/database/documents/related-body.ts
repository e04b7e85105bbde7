import { randomBytes } from 'node:crypto'
import { relatedLength } from '../../../protocol/multipart/related.ts'
import { writeRelated, type AttachmentSource } from '../../../protocol/multipart/writer.ts'
import type { StoredAttachment } from './body-record.ts'
import type { Database } from '../database.ts'
import type { ReadRevision } from './read-document.ts'

/** A document with its attachments behind it, as `multipart/related`. */
export interface RelatedBody {
  readonly boundary: string
  /** Bytes of the whole. */
  readonly length: number
  /** A piece is valid until the next one is asked for. */
  readonly pieces: AsyncIterable<Uint8Array>
}

/** The body of a revision that was read for its attachments to follow; their bytes as they are stored. */
export function relatedBody(database: Database, { json, sent }: ReadRevision): RelatedBody {
  const boundary = newBoundary()
  const sources = sent.map(attachment => sourceOf(database, attachment))
  return {
    boundary,
    length: relatedLength(boundary, json.length, sources),
    pieces: writeRelated(boundary, json, sources),
  }
}

export function newBoundary(): string {
  return randomBytes(16).toString('hex')
}

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
