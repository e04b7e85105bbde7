import { bufferOf } from '../../protocol/bytes.ts'

/** Location of the bytes of a content address. */
export type BlobPlace = { readonly kind: 'inline'; readonly bytes: Uint8Array } | FilePlace

export interface FilePlace {
  readonly kind: 'file'
  readonly file: number
  readonly length: number
  /** Salt from which the file's key is derived; undefined without encryption. */
  readonly salt: Uint8Array | undefined
}

const INLINE = 0
const FILE = 1
const FILE_RECORD_BYTES = 13

/**
 * A byte for the kind, then the bytes themselves, or six bytes each for the file's number and its length, and the salt.
 */
export function encodeBlobRecord(place: BlobPlace): Buffer {
  if (place.kind === 'inline') return Buffer.concat([Buffer.from([INLINE]), place.bytes])
  const record = Buffer.alloc(FILE_RECORD_BYTES)
  record[0] = FILE
  record.writeUIntBE(place.file, 1, 6)
  record.writeUIntBE(place.length, 7, 6)
  return place.salt === undefined ? record : Buffer.concat([record, place.salt])
}

export function decodeBlobRecord(record: Uint8Array): BlobPlace {
  if (record[0] === INLINE) return { kind: 'inline', bytes: record.subarray(1) }
  const buffer = bufferOf(record)
  const salt = record.length > FILE_RECORD_BYTES ? record.subarray(FILE_RECORD_BYTES) : undefined
  return { kind: 'file', file: buffer.readUIntBE(1, 6), length: buffer.readUIntBE(7, 6), salt }
}

export function lengthOf(place: BlobPlace): number {
  return place.kind === 'inline' ? place.bytes.length : place.length
}
