import type { StoredAttachment } from './body-record.ts'
import { placeholderOf } from './inline-data.ts'

/** Form in which an answer has the attachments of a revision. */
export interface AttachmentView {
  /** Metadata alone, or with inline data, or with parts of a multipart body that follow. */
  readonly show: 'stubs' | 'data' | 'follows'
  /** Only what is newer than this generation is shown with data; the rest as stubs. -Infinity for all. */
  readonly newerThan: number
  /** `att_encoding_info`: members `encoding` and `encoded_length` for attachments that are stored compressed. */
  readonly encodingInfo: boolean
}

export const STUBS: AttachmentView = { show: 'stubs', newerThan: -Infinity, encodingInfo: false }

/** Returns true if the answer has the attachment's data, false if it has a stub. */
export function isSent(attachment: StoredAttachment, view: AttachmentView): boolean {
  return view.show !== 'stubs' && attachment.revpos > view.newerThan
}

/**
 * The `_attachments` member, a comma in front; empty where there are none (CouchDB: couch_att:to_json/4).
 * Data that is shown has placeholders, for `withInlineData` to fill.
 */
export function attachmentsMember(
  attachments: readonly StoredAttachment[],
  view: AttachmentView = STUBS,
): string {
  if (attachments.length === 0) return ''
  const members = attachments.map(
    attachment => `${JSON.stringify(attachment.name)}:${describe(attachment, view)}`,
  )
  return `,"_attachments":{${members.join(',')}}`
}

function describe(attachment: StoredAttachment, view: AttachmentView): string {
  const { contentType, revpos, digest, length, encoding, encodedLength } = attachment
  const sent = isSent(attachment, view)
  const described = JSON.stringify({ content_type: contentType, revpos, digest }).slice(0, -1)
  const shown =
    sent && view.show === 'data'
      ? `"data":"${placeholderOf(attachment)}"`
      : `"length":${length},"${sent ? 'follows' : 'stub'}":true`
  const encoded =
    view.encodingInfo && encoding !== undefined
      ? `,"encoding":"${encoding}","encoded_length":${encodedLength}`
      : ''
  return `${described},${shown}${encoded}}`
}
