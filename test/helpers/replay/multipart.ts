type Part = { headers: Record<string, string> } & (
  { parts: Part[] } | { json: unknown } | { text: string } | { base64: string }
)

/** The boundary that a content type names, and the type with "BOUNDARY" in its place. */
export function maskBoundary(type: string | undefined): { boundary: string; masked: string } | undefined {
  const boundary = /boundary="?([^";]+)"?/i.exec(type ?? '')?.[1]
  if (type === undefined || boundary === undefined) return undefined
  return { boundary, masked: type.replace(boundary, 'BOUNDARY') }
}

/** The parts of a multipart body; a part that is multipart itself has parts. */
export function parts(raw: Buffer, boundary: string): Part[] {
  const found: Part[] = []
  const marker = Buffer.from(`--${boundary}`)
  for (let at = raw.indexOf(marker); at >= 0;) {
    const start = at + marker.length
    if (raw.subarray(start, start + 2).toString() === '--') break
    const next = raw.indexOf(marker, start)
    if (next < 0) break
    found.push(partOf(raw.subarray(start + 2, next - 2)))
    at = next
  }
  return found
}

function partOf(part: Buffer): Part {
  const split = part.indexOf('\r\n\r\n')
  const headers = headersOf(split < 0 ? '' : part.subarray(0, split).toString())
  const body = split < 0 ? Buffer.alloc(0) : part.subarray(split + 4)
  const inner = maskBoundary(headers['content-type'])
  if (inner === undefined) return { headers, ...bodyOf(body) }
  return { headers: { ...headers, 'content-type': inner.masked }, parts: parts(body, inner.boundary) }
}

function bodyOf(body: Buffer): { json: unknown } | { text: string } | { base64: string } {
  const text = body.toString('utf8')
  try {
    return { json: JSON.parse(text) as unknown }
  } catch {
    return Buffer.from(text).equals(body) ? { text } : { base64: body.toString('base64') }
  }
}

function headersOf(head: string): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim()
  }
  return headers
}
