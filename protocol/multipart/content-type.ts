/** A media type with its parameters: `multipart/related; boundary="abc"`. */
export interface MediaType {
  /** In lower case, without parameters. */
  readonly type: string
  /** Names in lower case, values as sent, without quotes. */
  readonly parameters: ReadonlyMap<string, string>
}

const PARAMETER = /;\s*([^\s;=]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g

/** Reads a Content-Type header (RFC 9110, 8.3.1); `undefined` or an empty header has the empty type. */
export function parseMediaType(header: string | undefined): MediaType {
  const text = header ?? ''
  const end = text.indexOf(';')
  const type = (end < 0 ? text : text.slice(0, end)).trim().toLowerCase()
  const parameters = new Map<string, string>()
  for (const [, name = '', quoted, bare] of text.matchAll(PARAMETER)) {
    parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? (bare ?? '').trim())
  }
  return { type, parameters }
}

/**
 * The boundary of a multipart body, or `undefined` where the header names no multipart type or no boundary. CouchDB
 * takes a body whose boundary is missing for JSON.
 */
export function boundaryOf(header: string | undefined): string | undefined {
  const { type, parameters } = parseMediaType(header)
  const boundary = type.startsWith('multipart/') ? parameters.get('boundary') : undefined
  return boundary === '' ? undefined : boundary
}
