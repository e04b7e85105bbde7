import { fail } from '../../../protocol/errors.ts'

export interface NameAndPassword {
  readonly name: string
  readonly password: string
}

const SCHEME = 'Basic '
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/**
 * Reads an `Authorization` header (`couch_httpd_auth:basic_name_pw/1`). Other schemes, also "Basic:", and values without
 * a colon are ignored; "_:_" is what clients send to be logged out.
 *
 * @throws `bad_request` where the value is no base64
 */
export function parseBasic(header: string | undefined): NameAndPassword | undefined {
  if (header === undefined || !header.startsWith(SCHEME)) return undefined
  const value = header.slice(SCHEME.length).trim()
  if (value.length % 4 !== 0 || !BASE64.test(value)) {
    throw fail('badRequest', 'Authorization header has invalid base64 value')
  }
  const text = Buffer.from(value, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 0 || text === '_:_') return undefined
  return { name: text.slice(0, colon), password: text.slice(colon + 1) }
}
