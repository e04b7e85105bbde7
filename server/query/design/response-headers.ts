import { validateHeaderName, validateHeaderValue } from 'node:http'
import { fail } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'
import { erlangPretty } from '../../../protocol/selector/erlang-pretty.ts'

/** Headers that frame an answer or concern its connection: a function could forge a second answer with them. */
const FRAMING = [
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'trailer',
  'te',
  'date',
  'http2-settings',
]

/** Headers that make a reverse proxy send a file or an address of its own instead. */
const OF_PROXIES = [
  'x-sendfile',
  'x-sendfile-type',
  'x-lighttpd-send-file',
  'x-lighttpd-send-tempfile',
  'x-litespeed-location',
  'x-reproxy-url',
  'x-reproxy-file',
]

/** Headers that concern the whole origin or who is logged in there, not the one answer. */
const OF_THE_ORIGIN = [
  'set-cookie',
  'set-cookie2',
  'www-authenticate',
  'proxy-authenticate',
  'authentication-info',
  'content-security-policy',
  'content-security-policy-report-only',
  'x-content-type-options',
  'x-frame-options',
  'x-xss-protection',
  'strict-transport-security',
  'public-key-pins',
  'expect-ct',
  'clear-site-data',
  'service-worker-allowed',
  'alt-svc',
  'nel',
  'report-to',
  'reporting-endpoints',
  'origin-agent-cluster',
  'x-permitted-cross-domain-policies',
  'set-login',
  'accept-ch',
  'critical-ch',
  'use-as-dictionary',
  'speculation-rules',
  'activate-storage-access',
  'server',
]
const OF_THE_SERVER = new Set([...FRAMING, ...OF_PROXIES, ...OF_THE_ORIGIN])
/**
 * `Access-Control-*` is CORS, `Cross-Origin-*` isolation, `Sec-*` and `Secure-Session-*` are the browser's sessions,
 * `X-Accel-*` are orders to nginx; the last are what the server says of a request.
 */
const PREFIXES = [
  'access-control-',
  'cross-origin-',
  'sec-',
  'secure-session-',
  'x-accel-',
  'x-couch',
  'x-auth-',
]

/**
 * The headers of a function's answer, names in lower case and values as Node.js sends them, a character for each byte
 * of UTF-8. Those that are the server's to set are left out.
 *
 * @throws `external_response_error` for what is no header, as with a line break in it
 */
export function responseHeaders(headers: JsonObject): Record<string, string> {
  const sent: Record<string, string> = {}
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase()
    if (OF_THE_SERVER.has(name) || PREFIXES.some(prefix => name.startsWith(prefix))) continue
    const bytes = Buffer.from(headerText(value)).toString('latin1')
    try {
      validateHeaderName(name)
      validateHeaderValue(name, bytes)
    } catch {
      throw fail('badFunctionAnswer', `{${erlangPretty(given)},${erlangPretty(value)}}`)
    }
    sent[name] = bytes
  }
  return sent
}

/** A value as CouchDB prints it. (CouchDB: couch_util:to_list/1) */
function headerText(value: JsonValue): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(headerText).join('')
  return isJsonObject(value) ? erlangPretty(value) : String(value)
}
