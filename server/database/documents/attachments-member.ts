import type { StoredAttachment } from './body-record.ts'
import { textWithoutData, type TextAroundData } from './unfilled-json.ts'

/** Form in which an answer has the attachments of a revision. */
export interface AttachmentView {
  /** Metadata alone, or with inline data, or with parts of a multipart body that follow. */
  readonly show: 'stubs' | 'data' | 'follows'
  /** Only what is newer than this generation is shown with data; the rest as stubs. -Infinity for all. */
  readonly newerThan: number
  /** `att_encoding_info`: members `encoding` and `encoded_length` for attachments that are stored compressed. */
  readonly encodingInfo: boolean
}

export const STUBS = {
  show: 'stubs',
  newerThan: -Infinity,
  encodingInfo: false,
} as const satisfies AttachmentView

/** Returns true if the answer has the attachment's data, false if it has a stub. */
export function isSent(attachment: StoredAttachment, view: AttachmentView): boolean {
  return view.show !== 'stubs' && attachment.revpos > view.newerThan
}

/** Returns the `_attachments` member without data, a comma in front; empty without attachments (CouchDB: couch_att:to_json/4). */
export function attachmentsMember(
  attachments: readonly StoredAttachment[],
  view: AttachmentView & { readonly show: 'stubs' | 'follows' } = STUBS,
): string {
  return textWithoutData(attachmentsAroundData(attachments, view))
}

/** Returns the `_attachments` member, a comma in front, around the data that is shown inline; empty without attachments. */
export function attachmentsAroundData(
  attachments: readonly StoredAttachment[],
  view: AttachmentView,
): TextAroundData {
  if (attachments.length === 0) return []
  const pieces: (string | StoredAttachment)[] = []
  let text = ',"_attachments":{'
  for (const [index, attachment] of attachments.entries()) {
    text += `${index === 0 ? '' : ','}${JSON.stringify(attachment.name)}:${described(attachment)}`
    if (view.show === 'data' && isSent(attachment, view)) {
      pieces.push(`${text}"data":"`, attachment)
      text = '"'
    } else text += `"length":${attachment.length},"${isSent(attachment, view) ? 'follows' : 'stub'}":true`
    text += `${encodingOf(attachment, view)}}`
  }
  return [...pieces, `${text}}`]
}

function described({ contentType, revpos, digest }: StoredAttachment): string {
  return `${JSON.stringify({ content_type: contentType, revpos, digest }).slice(0, -1)},`
}

function encodingOf({ encoding, encodedLength }: StoredAttachment, { encodingInfo }: AttachmentView): string {
  if (!encodingInfo || encoding === undefined) return ''
  return `,"encoding":"${encoding}","encoded_length":${encodedLength}`
}
