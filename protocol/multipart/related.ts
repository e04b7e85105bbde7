/** Headers of an attachment's part. */
export interface AttachmentPart {
  readonly name: string
  readonly contentType: string
  /** Of the bytes that follow, in bytes: encoded ones where there is an encoding. */
  readonly length: number
  readonly encoding?: 'gzip' | undefined
}

/** Most characters of a header that is made of stored data: clients read some 16 KiB of headers, in all. */
export const MAX_HEADER_TEXT = 4096

const JSON_HEAD = '\r\nContent-Type: application/json\r\n\r\n'

/** The value of the Content-Type header of a `multipart/related` body. */
export function relatedContentType(boundary: string): string {
  return `multipart/related; boundary="${boundary}"`
}

/** The beginning of a `multipart/related` body: the document, and the boundary that ends it. */
export function relatedHead(boundary: string, json: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`--${boundary}${JSON_HEAD}`), json, Buffer.from(`\r\n--${boundary}`)])
}

/**
 * Returns the text between a boundary and an attachment's bytes (CouchDB:
 * couch_httpd_multipart:encode_multipart_stream).
 */
export function attachmentHead(part: AttachmentPart): Buffer {
  const encoding = part.encoding === undefined ? '' : `\r\nContent-Encoding: ${part.encoding}`
  return Buffer.from(
    `\r\nContent-Disposition: attachment; filename="${quotable(part.name)}"` +
      `\r\nContent-Type: ${typeInHeader(part.contentType)}\r\nContent-Length: ${part.length}${encoding}\r\n\r\n`,
  )
}

/** Returns the text between an attachment's bytes and the headers of the next. */
export function delimiter(boundary: string): Buffer {
  return Buffer.from(`\r\n--${boundary}`)
}

/** Suffix of the closing boundary. */
export const CLOSING = Buffer.from('--')

/** The exact length of a `multipart/related` body in bytes, for its Content-Length. */
export function relatedLength(boundary: string, jsonLength: number, parts: Iterable<AttachmentPart>): number {
  const delimiterLength = delimiter(boundary).length
  let length = relatedHead(boundary, Buffer.alloc(0)).length + jsonLength + CLOSING.length
  for (const part of parts) length += attachmentHead(part).length + part.length + delimiterLength
  return length
}

/**
 * Names may hold anything; a line end or a quote in one would end the header. They are written as browsers write them
 * in forms, and nobody reads them: parts match attachments by their order.
 */
function quotable(name: string): string {
  return name
    .slice(0, MAX_HEADER_TEXT)
    .replace(/[\r\n"]/g, character => (character === '"' ? '%22' : character === '\r' ? '%0D' : '%0A'))
}

/** A type that no client would read as a header stays in the document. */
function typeInHeader(type: string): string {
  return type.length > MAX_HEADER_TEXT ? 'application/octet-stream' : type.replace(/[\r\n]/g, ' ')
}
