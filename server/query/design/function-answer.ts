import { fail } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonValue } from '../../../protocol/json-value.ts'
import { erlangPretty } from '../../../protocol/selector/erlang-pretty.ts'
import { responseHeaders } from './response-headers.ts'

/** The answer of a show, list or update function, ready to be sent. */
export interface FunctionAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Given as `json`, so that nothing else can be in it. */
  readonly isJson: boolean
}

interface Parts {
  status: number
  type: string
  headers: Record<string, string>
  body: Buffer
  json: JsonValue | undefined
}

const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}$/
/** A status line's number, and the words that may follow. */
const CODE = /^(\d{3})(?: |$)/

/**
 * Reads a function's answer: `body`, `json` or `base64`, with `code` and `headers`. Of a list it is the head.
 * (CouchDB: chttpd_external:parse_external_response/1)
 *
 * @param status where the function says none
 * @throws `external_response_error` for other members, and for codes that are not 200 to 599
 */
export function functionAnswer(response: JsonValue, status: number): FunctionAnswer {
  // A `toJSON` can make anything of it.
  if (!isJsonObject(response)) throw fail('badFunctionAnswer', erlangPretty(response))
  const parts: Parts = {
    status,
    type: 'application/json',
    headers: {},
    body: Buffer.alloc(0),
    json: undefined,
  }
  for (const [name, value] of Object.entries(response)) {
    if (!take(parts, name, value))
      throw fail('badFunctionAnswer', `{${erlangPretty(name)},${erlangPretty(value)}}`)
  }
  const headers = { 'content-type': parts.type, ...parts.headers }
  const isJson = parts.json !== undefined
  const body = isJson ? Buffer.from(JSON.stringify(parts.json)) : parts.body
  return { status: parts.status, headers, body, isJson }
}

/** Takes a member; returns whether it is one. */
function take(parts: Parts, name: string, value: JsonValue): boolean {
  switch (name) {
    case 'code':
      return takeCode(parts, value)
    case 'stop':
      return value === true
    case 'headers':
      if (!isJsonObject(value)) return false
      parts.headers = responseHeaders(value)
      return true
    case 'json':
      parts.json = value
      parts.type = 'application/json'
      return true
    case 'body':
      if (typeof value !== 'string') return false
      parts.body = Buffer.from(value)
      parts.type = 'text/html; charset=utf-8'
      return true
    case 'base64':
      if (typeof value !== 'string' || !BASE64.test(value.trimEnd())) return false
      parts.body = Buffer.from(value, 'base64')
      parts.type = 'application/binary'
      return true
    default:
      return name === ''
  }
}

function takeCode(parts: Parts, value: JsonValue): boolean {
  const code = typeof value === 'string' ? Number(CODE.exec(value)?.[1] ?? NaN) : value
  if (typeof code !== 'number' || !Number.isInteger(code) || code < 200 || code > 599) return false
  parts.status = code
  return true
}
