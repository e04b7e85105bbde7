import type { StoredAttachment } from './body-record.ts'

/** The `_attachments` member with a stub for each, a comma in front; empty where there are none. */
export function attachmentStubs(
  attachments: readonly StoredAttachment[],
  options: { encodingInfo: boolean },
): string {
  if (attachments.length === 0) return ''
  const members = attachments.map(attachment => {
    const { name, contentType, revpos, digest, length, encoding, encodedLength } = attachment
    const coding =
      options.encodingInfo && encoding !== undefined ? { encoding, encoded_length: encodedLength } : {}
    const stub = { content_type: contentType, revpos, digest, length, stub: true, ...coding }
    return `${JSON.stringify(name)}:${JSON.stringify(stub)}`
  })
  return `,"_attachments":{${members.join(',')}}`
}
