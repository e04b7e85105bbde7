import { bufferOf } from './bytes.ts'
import { hash } from 'node:crypto'
import {
  beginList,
  endList,
  writeAtom,
  writeBinary,
  writeInteger,
  writeTuple,
  writeVersion,
} from './external-term.ts'
import { ByteWriter } from './json/byte-writer.ts'
import { asRev, generationOf, hashBytes, hashOf } from './revision.ts'
import type { Rev } from './revision.ts'

/** The properties of an attachment that are part of the revision id. */
export interface HashedAttachment {
  readonly name: string
  readonly type: string
  /** 16 raw bytes, the MD5 of the stored bytes. */
  readonly digest: Uint8Array
}

export interface HashedRevision {
  readonly deleted: boolean
  readonly parent: Rev | undefined
  /** The external term of the body (`externalTerm`). */
  readonly body: Uint8Array
  /**
   * In the order of the document. Each is undefined where the edit extends a tombstone without naming it: CouchDB
   * computes that id where attachments have another form already, and finds nothing of what it looks for in them.
   */
  readonly attachments: readonly (HashedAttachment | undefined)[]
}

const PARTS = 5
const SHARED_LENGTH = 64 * 1024
/** Terms are hashed at once, so that one buffer serves all but the large ones. */
const shared = new ByteWriter(2 * SHARED_LENGTH)

/**
 * The id of the revision that an edit makes, the same that CouchDB gives it: the parent's generation and one, and the
 * MD5 of `[Deleted, OldStart, OldRev, Body, Atts]` (CouchDB: `couch_db:new_revid/1`).
 */
export function newRevId(revision: HashedRevision): Rev {
  const generation = revision.parent === undefined ? 0 : generationOf(revision.parent)
  const writer =
    revision.body.length < SHARED_LENGTH ? shared : new ByteWriter(revision.body.length + SHARED_LENGTH)
  writer.truncate(0)
  writeVersion(writer)
  const list = beginList(writer)
  writeAtom(writer, revision.deleted ? 'true' : 'false')
  writeInteger(writer, generation)
  writeParent(writer, revision.parent)
  writer.copy(bufferOf(revision.body), 0, revision.body.length)
  writeAttachments(writer, revision.attachments)
  endList(writer, list, PARTS)
  return asRev(`${generation + 1}-${hash('md5', writer.bytes.subarray(writer.start, writer.length))}`)
}

function writeParent(out: ByteWriter, parent: Rev | undefined): void {
  if (parent === undefined) writeInteger(out, 0)
  else writeBytes(out, hashBytes(hashOf(parent)))
}

/** CouchDB collects the attachments by a fold, and so lists them backwards. */
function writeAttachments(out: ByteWriter, attachments: HashedRevision['attachments']): void {
  const list = beginList(out)
  for (const attachment of attachments.length === 0 ? attachments : attachments.toReversed()) {
    writeTuple(out, ATTACHMENT_PARTS)
    if (attachment === undefined)
      for (let index = 0; index < ATTACHMENT_PARTS; index++) writeAtom(out, 'undefined')
    else writeAttachment(out, attachment)
  }
  endList(out, list, attachments.length)
}

const ATTACHMENT_PARTS = 3

function writeAttachment(out: ByteWriter, { name, type, digest }: HashedAttachment): void {
  writeBytes(out, Buffer.from(name))
  writeBytes(out, Buffer.from(type))
  writeBytes(out, bufferOf(digest))
}

function writeBytes(out: ByteWriter, bytes: Buffer): void {
  writeBinary(out, bytes, 0, bytes.length)
}
