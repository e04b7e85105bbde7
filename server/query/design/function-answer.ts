import { fail } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonObject } from '../../../protocol/json-value.ts'

/** What a show, list or update function answers, ready to be sent. */
export interface FunctionAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Given as `json`, so that nothing else can be in it. */
  readonly isJson: boolean
}

const DEFAULT_TYPE = 'text/html; charset=utf-8'

/**
 * Reads a function's answer: `body`, `json` or `base64`, with `code` and `headers`.
 * (CouchDB: chttpd_external:parse_external_response/1)
 *
 * @throws `external_response_error`
 */
export function functionAnswer(response: JsonObject, status: number): FunctionAnswer {
  const headers = headersOf(response)
  const { body, json, base64, code } = response
  const withType = (type: string) => ({ 'content-type': type, ...headers })
  const answered = typeof code === 'number' ? code : status
  if (json !== undefined) {
    const text = Buffer.from(JSON.stringify(json))
    return { status: answered, headers: withType('application/json'), body: text, isJson: true }
  }
  if (typeof base64 === 'string') {
    const bytes = Buffer.from(base64, 'base64')
    return { status: answered, headers: withType('application/binary'), body: bytes, isJson: false }
  }
  if (body === undefined) {
    return { status: answered, headers: withType('application/json'), body: Buffer.alloc(0), isJson: false }
  }
  if (typeof body !== 'string') throw fail('badFunctionAnswer', JSON.stringify(body))
  return { status: answered, headers: withType(DEFAULT_TYPE), body: Buffer.from(body), isJson: false }
}

function headersOf({ headers }: JsonObject): Record<string, string> {
  if (!isJsonObject(headers)) return {}
  const entries = Object.entries(headers).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]))
}
