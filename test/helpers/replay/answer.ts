import type { RawAnswer } from './client.ts'
import { maskBoundary, parts } from './multipart.ts'
import type { Answer } from './scenario.ts'

/** A received answer in the form in which answers are recorded. */
export function answerOf({ status, headers, raw }: RawAnswer): Answer {
  const answer = { status, headers: { ...headers } as Record<string, unknown> }
  if (raw.length === 0) return answer
  const multipart = maskBoundary(headers['content-type'])
  if (multipart !== undefined && multipart.masked.startsWith('multipart/')) {
    answer.headers['content-type'] = multipart.masked
    return { ...answer, parts: parts(raw, multipart.boundary) }
  }
  return { ...answer, ...bodyOf(raw) }
}

/** A line of a feed: JSON, the JSON of an event stream's field under the field's name, or else the text. */
export function parseLine(line: string): unknown {
  const field = /^(data|id): (.+)$/.exec(line)
  const [, name = '', value = ''] = field ?? []
  try {
    return field ? { [name]: JSON.parse(value) as unknown } : (JSON.parse(line) as unknown)
  } catch {
    return line
  }
}

/** The value at a path like "json.rows.0.id"; "" is the whole. */
export function pick(value: unknown, path: string): unknown {
  if (path === '') return value
  let at = value
  for (const key of path.split('.')) {
    if (at === undefined || at === null) return undefined
    at = (at as Record<string, unknown>)[key]
  }
  return at
}

function bodyOf(raw: Buffer): Partial<Answer> {
  const text = raw.toString('utf8')
  // eslint-disable-next-line no-control-regex -- control characters tell that a body is binary
  if (!Buffer.from(text, 'utf8').equals(raw) || /[\u0000-\u0008]/.test(text))
    return { base64: raw.toString('base64') }
  const json = tryJson(text)
  if (json !== undefined) return { json }
  const lines = text.split(/\r?\n/).filter(line => line.trim() !== '')
  const values = lines.map(tryJson)
  return lines.length > 0 && !values.includes(undefined) ? { lines: values } : { text }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
