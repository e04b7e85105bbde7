import { createHash } from 'node:crypto'
import { compareBytes } from '../collation/raw.ts'
import type { Rev } from '../revision.ts'
import type { JsonText } from './json-text.ts'

/** The parts of an attachment that are the same on every node. */
export interface ContentAttachment {
  readonly name: string
  readonly contentType: string
  /** "md5-<base64>" of the stored bytes. */
  readonly digest: string
}

/** Content of a revision: its body without the members that begin with "_", and its attachments. */
export interface Content<Attachment extends ContentAttachment = ContentAttachment> {
  readonly body: JsonText
  readonly attachments: readonly Attachment[]
}

/** A leaf that is not deleted. */
export interface LiveLeaf<
  Attachment extends ContentAttachment = ContentAttachment,
> extends Content<Attachment> {
  readonly rev: Rev
}

/** Returns the attachments in the order of their names: the order in which they are stored may differ between nodes. */
export function sortedAttachments<Attachment extends ContentAttachment>(
  attachments: readonly Attachment[],
): Attachment[] {
  return attachments.toSorted((a, b) => compareBytes(a.name, b.name))
}

/** Returns a text that two attachments share if they have the same data and type. */
export function attachmentKey({ contentType, digest }: ContentAttachment): string {
  return JSON.stringify([digest, contentType])
}

function attachmentsText({ attachments }: Content): string {
  return JSON.stringify(sortedAttachments(attachments).map(one => [one.name, attachmentKey(one)]))
}

/** Compares by body, then by attachments: 0 for the same content. Revisions have no say, as each resolution changes them. */
export function compareContents(a: Content, b: Content): number {
  return Buffer.compare(a.body, b.body) || compareBytes(attachmentsText(a), attachmentsText(b))
}

/** Returns a text that contents share where they compare as the same, and no others. */
export function contentKey(content: Content): string {
  return createHash('sha256')
    .update(content.body)
    .update(`\0${attachmentsText(content)}`)
    .digest('hex')
}
