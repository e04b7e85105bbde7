import { fail } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'
import { languageOf } from './design-document.ts'

type TypeName = 'object' | 'array' | 'string' | 'boolean'

/** A way into a design document, with the types that are allowed at each step; `*` is every member. */
type Rule = readonly (readonly [name: string, ...types: TypeName[]])[]

const FUNCTIONS = ['*', 'string', 'object'] as const

/** (CouchDB: couch_mrview:validate_ddoc_fields/1, in its order) */
function rules(mapType: TypeName): readonly Rule[] {
  return [
    [['filters', 'object'], FUNCTIONS],
    [['language', 'string']],
    [['lists', 'object'], FUNCTIONS],
    [['options', 'object']],
    [
      ['options', 'object'],
      ['include_design', 'boolean'],
    ],
    [
      ['options', 'object'],
      ['local_seq', 'boolean'],
    ],
    [
      ['options', 'object'],
      ['partitioned', 'boolean'],
    ],
    [['rewrites', 'array', 'string']],
    [['shows', 'object'], FUNCTIONS],
    [['updates', 'object'], FUNCTIONS],
    [['validate_doc_update', 'string']],
    [
      ['views', 'object'],
      ['lib', 'object'],
    ],
    [
      ['views', 'object'],
      ['*', 'object'],
      ['map', mapType],
    ],
    [
      ['views', 'object'],
      ['*', 'object'],
      ['reduce', 'string'],
    ],
  ]
}

/**
 * Checks the types of a design document's members.
 *
 * @throws `invalid_design_doc`
 */
export function checkShape(ddoc: JsonObject): void {
  for (const rule of rules(languageOf(ddoc) === 'query' ? 'object' : 'string')) follow(ddoc, rule, [])
  for (const [name, view] of viewEntries(ddoc)) {
    if (!Object.hasOwn(view, 'map'))
      throw fail('invalidDesignDoc', `View \`${name}\` must contain map function`)
  }
}

/** The views of a design document, without `lib`. */
export function viewEntries(ddoc: JsonObject): [name: string, view: JsonObject][] {
  if (!isJsonObject(ddoc.views)) return []
  return Object.entries(ddoc.views).filter(
    (entry): entry is [string, JsonObject] => entry[0] !== 'lib' && isJsonObject(entry[1]),
  )
}

function follow(value: JsonObject, rule: Rule, path: readonly string[]): void {
  const [step, ...rest] = rule
  if (step === undefined) return
  const [name, ...types] = step
  const names = name === '*' ? Object.keys(value) : Object.hasOwn(value, name) ? [name] : []
  for (const member of names) {
    const found = value[member] as JsonValue
    const place = [...path, member]
    if (!types.some(type => type === typeOf(found))) throw wrongType(place, types)
    if (isJsonObject(found)) follow(found, rest, place)
  }
}

function wrongType(path: readonly string[], types: readonly TypeName[]): Error {
  return fail('invalidDesignDoc', `\`${path.join('.')}\` field must have ${types.join(' or ')} type`)
}

function typeOf(value: JsonValue): TypeName | 'null' {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : (typeof value as TypeName)
}
