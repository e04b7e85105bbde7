import type { Attachments } from '../attachments/attachments.ts'
import type { StoredAttachment } from './body-record.ts'
import { placeOf } from './inline-data.ts'

/** How the attachments of a revision are shown. */
export interface AttachmentView {
  /** Metadata alone, or with inline data, or with parts of a multipart body that follow. */
  readonly show: 'stubs' | 'data' | 'follows'
  /** Only what is newer than this generation is shown with data; the rest as stubs. -1 for all. */
  readonly newerThan: number
  /** `att_encoding_info`: whether the stored encoding is told. */
  readonly encodingInfo: boolean
}

export const STUBS: AttachmentView = { show: 'stubs', newerThan: -1, encodingInfo: false }

/** Inline data in base64, by content. */
export type InlineData = ReadonlyMap<string, string>

/** Whether an attachment comes with its data, or as a stub. */
export function isSent(attachment: StoredAttachment, view: AttachmentView): boolean {
  return view.show !== 'stubs' && attachment.revpos > view.newerThan
}

/**
 * The `_attachments` member, a comma in front; empty where there are none (CouchDB: couch_att:to_json/4).
 *
 * @param data what `loadData` gave for the same view; without it, places for `withInlineData` to fill
 */
export function attachmentsMember(
  attachments: readonly StoredAttachment[],
  view: AttachmentView = STUBS,
  data?: InlineData,
): string {
  if (attachments.length === 0) return ''
  const members = attachments.map(
    attachment => `${JSON.stringify(attachment.name)}:${describe(attachment, view, data)}`,
  )
  return `,"_attachments":{${members.join(',')}}`
}

function describe(attachment: StoredAttachment, view: AttachmentView, data: InlineData | undefined): string {
  const { contentType, revpos, digest, length, encoding, encodedLength, content } = attachment
  const sent = isSent(attachment, view)
  const described = JSON.stringify({ content_type: contentType, revpos, digest }).slice(0, -1)
  const shown =
    sent && view.show === 'data'
      ? `"data":"${data === undefined ? placeOf(attachment) : (data.get(content) ?? '')}"`
      : `"length":${length},"${sent ? 'follows' : 'stub'}":true`
  const encoded =
    view.encodingInfo && encoding !== undefined
      ? `,"encoding":"${encoding}","encoded_length":${encodedLength}`
      : ''
  return `${described},${shown}${encoded}}`
}

/** Reads what the view shows inline, decoded. */
export async function loadData(
  store: Attachments,
  attachments: readonly StoredAttachment[],
  view: AttachmentView,
): Promise<InlineData> {
  const data = new Map<string, string>()
  if (view.show !== 'data') return data
  for (const attachment of attachments) {
    if (!isSent(attachment, view)) continue
    const pieces: Uint8Array[] = []
    for await (const piece of await store.readDecoded(attachment)) pieces.push(Buffer.from(piece))
    data.set(attachment.content, Buffer.concat(pieces).toString('base64'))
  }
  return data
}
