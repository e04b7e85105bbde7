/** Makes a body of about so many bytes. */
export type MakeBody = (bytes: number) => Buffer

/** Makes a body of the wanted size: a beginning, copies of an element joined by commas, an end. */
export function repeated(begin: string, element: (n: number) => string, end: string): MakeBody {
  return bytes => {
    const parts: string[] = []
    let length = begin.length + end.length
    for (let n = 0; length < bytes; n++) {
      const text = element(n)
      parts.push(text)
      length += text.length + 1
    }
    return Buffer.from(begin + parts.join(',') + end)
  }
}

/** Makes a body of the wanted size: a beginning, whole copies of a text, an end. */
export function filled(begin: string, unit: string, end: string): MakeBody {
  return bytes =>
    Buffer.concat([
      Buffer.from(begin),
      Buffer.alloc(
        Math.max(1, Math.floor((bytes - begin.length - end.length) / unit.length)) * unit.length,
        unit,
      ),
      Buffer.from(end),
    ])
}

export const BOUNDARY = 'stalls'
export const RELATED = { 'content-type': `multipart/related; boundary="${BOUNDARY}"` }
export const FORM = { 'content-type': `multipart/form-data; boundary="${BOUNDARY}"`, referer: 'http://HOST/' }
export const TEXT = { 'content-type': 'text/plain' }

/** Makes a form of the wanted size of parts. */
export function formOf(part: (n: number) => string): MakeBody {
  return bytes => {
    const parts: string[] = []
    let length = 0
    for (let n = 0; length < bytes; n++) {
      const text = `--${BOUNDARY}\r\n${part(n)}\r\n`
      parts.push(text)
      length += text.length
    }
    return Buffer.from(`${parts.join('')}--${BOUNDARY}--`)
  }
}

/** Makes a multipart/related body around a document. */
export function related(json: MakeBody): MakeBody {
  return bytes =>
    Buffer.concat([
      Buffer.from(`--${BOUNDARY}\r\nContent-Type: application/json\r\n\r\n`),
      json(bytes),
      Buffer.from(`\r\n--${BOUNDARY}--`),
    ])
}

export const id = (n: number): string => `"key${String(n).padStart(7, '0')}"`
export const NUMBERS = repeated('{"keys":[', n => String(n), ']}')
export const IDS = repeated('{"keys":[', id, ']}')
export const ARRAYS = repeated('{"keys":[', n => `[${n},"a"]`, ']}')
export const MEMBERS = repeated('{', n => `"m${n}":1`, '}')
export const ONE_STRING = filled('{"a":"', 'x', '"}')
export const ESCAPES = filled('{"a":"', '\\u00e9', '"}')
export const EMPTY_ARRAYS = repeated('{"a":[', () => '[]', ']}')
export const REVISIONS = repeated('{"_id":"r","_revisions":{"start":9000000,"ids":[', n => `"${n}"`, ']}}')
export const INLINE = repeated('{"_attachments":{', n => `"a${n}":{"data":"YQ=="}`, '}}')
export const ONE_INLINE = filled('{"_attachments":{"a":{"data":"', 'YWFh', '"}}}')
