import type { JsonValue } from '../json-value.ts'

/** A value as Erlang's `~p` prints it: as `~w` does, but strings in quotes (`<<"a">>`). */
export function erlangPretty(value: JsonValue): string {
  if (value === '') return '<<>>'
  if (typeof value === 'string') return `<<${JSON.stringify(value)}>>`
  if (Array.isArray(value)) return `[${value.map(erlangPretty).join(',')}]`
  if (value === null || typeof value !== 'object') return String(value)
  const members = Object.entries(value).map(
    ([name, member]) => `{${erlangPretty(name)},${erlangPretty(member)}}`,
  )
  return `{[${members.join(',')}]}`
}
