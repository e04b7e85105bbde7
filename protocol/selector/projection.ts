import { bufferOf } from '../bytes.ts'
import { FieldLocator } from '../json/field-locator.ts'
import { pathsOf } from './field-path.ts'
import type { StoredText } from './read-fields.ts'

/** Shape of a projected document: the field at an index of the list, or an object of members. */
type Shape = { readonly field: number } | { readonly members: Map<string, Shape> }

/** The text of a field by its place in the list; undefined if there is none. */
type TextOf = (field: number) => string | undefined

/**
 * Picks fields of documents as texts, so that their numbers stay as they were written; those that are not there are left
 * out. (CouchDB: mango_fields:extract/2)
 *
 * @returns a function of a document in canonical JSON
 */
export function projection(fields: readonly string[]): (document: Uint8Array) => string {
  const paths = pathsOf(fields)
  const locator = new FieldLocator(paths)
  const show = objectOf(paths)
  return document => {
    locator.locate(document)
    const text = bufferOf(document)
    return show(field => {
      const start = locator.starts[field] as number
      return start < 0 ? undefined : text.toString('utf8', start, locator.ends[field])
    })
  }
}

/**
 * Returns a projection of stored documents that does not build them; undefined if a field is metadata other than `_id`
 * and `_rev`.
 */
export function storedProjection(fields: readonly string[]): ((document: StoredText) => string) | undefined {
  const paths = pathsOf(fields)
  const isMetadata = ([name]: readonly string[]) => name?.startsWith('_') === true
  const isKnown = (path: readonly string[]) => path.length === 1 && ['_id', '_rev'].includes(path[0] ?? '')
  if (paths.some(path => isMetadata(path) && !isKnown(path))) return undefined
  const locator = new FieldLocator(paths)
  const show = objectOf(paths)
  return ({ id, rev, body }) => {
    locator.locate(body)
    const text = bufferOf(body)
    return show(field => {
      const [name] = paths[field] ?? []
      if (name === '_id') return JSON.stringify(id)
      if (name === '_rev') return JSON.stringify(rev)
      const start = locator.starts[field] as number
      return start < 0 ? undefined : text.toString('utf8', start, locator.ends[field])
    })
  }
}

/** Puts the texts of fields together to an object, with objects on the way to nested ones. */
export function objectOf(paths: readonly (readonly string[])[]): (textOf: TextOf) => string {
  const members = new Map<string, Shape>()
  for (const [field, path] of paths.entries()) add(members, path, field)
  return textOf => render({ members }, textOf) ?? '{}'
}

/** A field of a field that is shown whole is shown already. */
function add(members: Map<string, Shape>, path: readonly string[], field: number): void {
  let at = members
  for (const name of path.slice(0, -1)) {
    const known = at.get(name)
    if (known !== undefined && 'field' in known) return
    const within = known?.members ?? new Map<string, Shape>()
    if (known === undefined) at.set(name, { members: within })
    at = within
  }
  at.set(path.at(-1) ?? '', { field })
}

function render(shape: Shape, textOf: TextOf): string | undefined {
  if ('field' in shape) return textOf(shape.field)
  const texts: string[] = []
  for (const [name, member] of shape.members) {
    const text = render(member, textOf)
    if (text !== undefined) texts.push(`${JSON.stringify(name)}:${text}`)
  }
  return texts.length === 0 ? undefined : `{${texts.join()}}`
}
