import { bufferOf, partOf } from '../../../protocol/bytes.ts'

/**
 * A revision's body as it is stored: a flag byte, the attachments' metadata when there are any (four bytes of length
 * and a JSON array), and the body's JSON text without the members that start with "_".
 */
export interface BodyRecord {
  /** JSON object text: `{"title":"one"}`. */
  readonly body: Uint8Array
  /** Metadata of the revision's attachments, without their data; empty if it has none. */
  readonly attachments: readonly StoredAttachment[]
}

/** An attachment of a revision; the data lies in the attachment store under `content`. */
export interface StoredAttachment {
  readonly name: string
  readonly contentType: string
  /** md5 of the stored bytes, "md5-<base64>", as received when it came by replication. */
  readonly digest: string
  /** Bytes as the client sees them after decoding. */
  readonly length: number
  readonly revpos: number
  /** "gzip" when the stored bytes are encoded. */
  readonly encoding?: 'gzip'
  /** Bytes as stored, when encoded. */
  readonly encodedLength?: number
  /** The address in the attachment store. */
  readonly content: string
}

const WITH_ATTACHMENTS = 1

export function encodeBodyRecord(body: Uint8Array, attachments: readonly StoredAttachment[]): Buffer {
  if (attachments.length === 0) {
    const record = Buffer.allocUnsafe(1 + body.length)
    record[0] = 0
    record.set(body, 1)
    return record
  }
  const metadata = Buffer.from(JSON.stringify(attachments))
  const record = Buffer.allocUnsafe(5 + metadata.length + body.length)
  record[0] = WITH_ATTACHMENTS
  record.writeUInt32BE(metadata.length, 1)
  record.set(metadata, 5)
  record.set(body, 5 + metadata.length)
  return record
}

export function decodeBodyRecord(record: Uint8Array): BodyRecord {
  if (record[0] !== WITH_ATTACHMENTS) return { body: partOf(record, 1), attachments: [] }
  const buffer = bufferOf(record)
  const end = 5 + buffer.readUInt32BE(1)
  return {
    body: partOf(record, end),
    attachments: JSON.parse(buffer.toString('utf8', 5, end)) as StoredAttachment[],
  }
}
