import { fail } from '../../../protocol/errors.ts'
import type { JsonObject, JsonValue } from '../../../protocol/json-value.ts'
import { erlangText } from '../../../protocol/selector/erlang-text.ts'

/** Parser of one member of a request. (CouchDB: mango_opts) */
export interface Option<Value> {
  /** Value if the member is absent; without a default the member is required. */
  readonly initial?: Value
  readonly read: (value: JsonValue) => Value
}

export type Options = Readonly<Record<string, Option<unknown>>>

export type Read<Table extends Options> = { readonly [Name in keyof Table]: ReturnType<Table[Name]['read']> }

/**
 * Reads a request by a table of its members, in the table's order.
 *
 * @throws `missing_required_key`, `invalid_key`, and what the members' readers throw
 */
export function readOptions<Table extends Options>(body: JsonObject, table: Table): Read<Table> {
  const read: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(table)) {
    if (Object.hasOwn(body, name)) read[name] = option.read(body[name] as JsonValue)
    else if ('initial' in option) read[name] = option.initial
    else throw fail('missingRequiredKey', name)
  }
  const unknown = Object.keys(body).find(name => !Object.hasOwn(table, name))
  if (unknown !== undefined) throw fail('invalidKey', unknown)
  return read as Read<Table>
}

export function readBoolean(value: JsonValue): boolean {
  if (typeof value !== 'boolean') throw fail('invalidBoolean', erlangText(value))
  return value
}

export function readString(value: JsonValue): string {
  if (typeof value !== 'string') throw fail('invalidString', erlangText(value))
  return value
}

export function readName(value: JsonValue): string {
  const name = readString(value)
  if (name === '') throw fail('emptyIndexName')
  return name
}

export function readCount(value: JsonValue): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  throw fail('invalidCount', erlangText(value))
}

export function readPositive(value: JsonValue): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value
  throw fail('invalidPositive', erlangText(value))
}

/** Members that need no check. */
export function readAny(value: JsonValue): JsonValue {
  return value
}

/**
 * Splits the name of an index into its design document and, where it is given, its view: "i", "_design/i", "i/name" or
 * "_design/i/name" (CouchDB: mango_opts:validate_use_index/1).
 *
 * @throws `invalid_index_name` for more parts
 */
export function splitIndexName(name: string): string[] {
  const parts = name.split('/')
  const named = parts[0] === '_design' && parts.length > 1 ? parts.slice(1) : parts
  if (named.length > 2) throw fail('invalidIndexName', erlangText(name))
  return named
}
