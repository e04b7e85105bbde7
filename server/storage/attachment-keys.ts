/**
 * Keys of the attachment store: what is stored under a content address, which databases refer to it, and which files
 * are in use. The references within a database are in its own range. docs/architecture.md has the table.
 */

import { bufferOf, uintAt } from '../../protocol/bytes.ts'
import type { RangeOptions } from './contract.ts'
import { DatabaseKeys, KeySpace } from './keys.ts'

const BLOB = 0x20
const RECORD = 0x00
const REFERENCE = 0x01
const FILE = 0x02
const CHECK = 0x03
const PREFIX_LENGTH = 2
/** Of the number of a body, in a key. */
const BODY_BYTES = 6

/** Stands in a check's key in place of a database when the content itself is to be checked. Databases begin at 1. */
export const NO_DATABASE = 0

/** The record of a content address. */
export function blobKey(address: Uint8Array): Buffer {
  return Buffer.concat([prefix(RECORD), address])
}

export function isBlobRecordKey(key: Uint8Array): boolean {
  return key[0] === BLOB && key[1] === RECORD
}

/** That some revision in a database refers to a content address. */
export function blobReferenceKey(address: Uint8Array, database: number): Buffer {
  return Buffer.concat([prefix(REFERENCE), address, u32(database)])
}

/** All databases' references to a content address. */
export function blobReferenceRange(address: Uint8Array): { gte: Buffer; lte: Buffer } {
  return { gte: blobReferenceKey(address, 0), lte: blobReferenceKey(address, 0xffff_ffff) }
}

/** That a file holds content; the value is its address. */
export function blobFileKey(file: number): Buffer {
  const key = Buffer.concat([prefix(FILE), Buffer.alloc(6)])
  key.writeUIntBE(file, PREFIX_LENGTH, 6)
  return key
}

/** Returns the database and the address of a reference to content; undefined for another key. */
export function partsOfBlobReferenceKey(
  key: Uint8Array,
): { readonly database: number; readonly address: Buffer } | undefined {
  if (key[0] !== BLOB || key[1] !== REFERENCE) return undefined
  const buffer = bufferOf(key)
  const end = buffer.length - 4
  return { database: buffer.readUInt32BE(end), address: Buffer.from(buffer.subarray(PREFIX_LENGTH, end)) }
}

/** Returns true for a check of content, or of a database's reference to it. */
export function isBlobCheckKey(key: Uint8Array): boolean {
  return key[0] === BLOB && key[1] === CHECK
}

/** Returns true for the record that a file of this node holds content. */
export function isBlobFileKey(key: Uint8Array): boolean {
  return key[0] === BLOB && key[1] === FILE
}

/** The records of all content addresses. */
export const blobRecordRange = { gte: prefix(RECORD), lt: prefix(RECORD + 1) }

export function addressOfBlobKey(key: Uint8Array): Uint8Array {
  return key.subarray(PREFIX_LENGTH)
}

export const blobFileRange = { gte: prefix(FILE), lt: prefix(FILE + 1) }

export function fileOfBlobFileKey(key: Uint8Array): number {
  return uintAt(key, PREFIX_LENGTH, 6)
}

/** That a database may have lost its last reference to a content address, or, for `NO_DATABASE`, the content its last. */
export function blobCheckKey(database: number, address: Uint8Array): Buffer {
  return Buffer.concat([prefix(CHECK), u32(database), address])
}

/** All checks that wait, those of `NO_DATABASE` first; or one database's. */
export function blobCheckRange(database?: number): { gte: Buffer; lt: Buffer } {
  if (database === undefined) return { gte: prefix(CHECK), lt: prefix(CHECK + 1) }
  return {
    gte: Buffer.concat([prefix(CHECK), u32(database)]),
    lt: Buffer.concat([prefix(CHECK), u32(database + 1)]),
  }
}

export function partsOfBlobCheckKey(key: Uint8Array): { database: number; address: Buffer } {
  const buffer = bufferOf(key)
  return {
    database: buffer.readUInt32BE(PREFIX_LENGTH),
    address: Buffer.from(buffer.subarray(PREFIX_LENGTH + 4)),
  }
}

/** Returns the bytes behind a database's prefix that say that a stored body refers to content: the address, then the body's number. */
export function bodyReference(address: Uint8Array, body: number): Buffer {
  const bytes = Buffer.alloc(address.length + BODY_BYTES)
  bytes.set(address)
  bytes.writeUIntBE(body, address.length, BODY_BYTES)
  return bytes
}

const MAX_BODY = 2 ** 48 - 1
const bodyReferenceStart = new DatabaseKeys(0).bytes(KeySpace.attachment, new Uint8Array(0)).length

/** A database's references of revisions' bodies to a content address, or to all. */
export function bodyReferenceRange(database: number, address?: Uint8Array): RangeOptions {
  const keys = new DatabaseKeys(database)
  if (address === undefined) return keys.range(KeySpace.attachment)
  return {
    gte: keys.bytes(KeySpace.attachment, bodyReference(address, 0)),
    lte: keys.bytes(KeySpace.attachment, bodyReference(address, MAX_BODY)),
  }
}

/** Returns the body that a reference is of. */
export function bodyOfReferenceKey(key: Uint8Array): number {
  return uintAt(key, key.byteLength - 6, 6)
}

export function addressOfBodyReferenceKey(key: Uint8Array): Buffer {
  return Buffer.from(key.slice(bodyReferenceStart, key.byteLength - BODY_BYTES))
}

function prefix(kind: number): Buffer {
  return Buffer.from([BLOB, kind])
}

function u32(number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(number)
  return bytes
}
