import type { JsonValue } from '../json-value.ts'

/**
 * A value as Erlang's `~w` prints it, as CouchDB does in the reasons of Mango errors: strings as lists of bytes
 * (`<<120>>`), objects as lists of pairs (`{[{<<97>>,1}]}`).
 */
export function erlangText(value: JsonValue): string {
  if (typeof value === 'string') return `<<${Buffer.from(value).join(',')}>>`
  if (Array.isArray(value)) return `[${value.map(erlangText).join(',')}]`
  if (value === null || typeof value !== 'object') return String(value)
  const members = Object.entries(value).map(([name, member]) => `{${erlangText(name)},${erlangText(member)}}`)
  return `{[${members.join(',')}]}`
}
