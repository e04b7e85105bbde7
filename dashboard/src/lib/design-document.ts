import { membersOf, memberOf, objectText, parseJsonText, withMember, withoutMembers } from './json-text.ts'

/** A view as a person edits it. */
export interface ViewSource {
  readonly name: string
  readonly map: string
  /** Empty where the view does not reduce. */
  readonly reduce: string
}

export const BUILT_IN_REDUCES = ['_sum', '_count', '_stats', '_approx_count_distinct'] as const

export const NEW_MAP = `function (doc) {
  emit(doc._id, null)
}`

/** The views of a design document whose map is JavaScript; those of Mango indexes have objects there. */
export function viewsOf(text: string): ViewSource[] {
  const views = memberOf(text, 'views')
  if (views?.startsWith('{') !== true) return []
  return membersOf(views)
    .filter(({ name, text: view }) => name !== 'lib' && view.startsWith('{'))
    .map(({ name, text: view }) => ({ name, map: stringIn(view, 'map'), reduce: stringIn(view, 'reduce') }))
    .filter(({ map }) => map !== '')
}

function stringIn(text: string, name: string): string {
  const source = memberOf(text, name)
  return source?.startsWith('"') === true ? (JSON.parse(source) as string) : ''
}

/** The design document's text with a view set; other members of the view, such as options, stay. */
export function withView(text: string, { name, map, reduce }: ViewSource): string {
  const views = memberOf(text, 'views') ?? '{}'
  const before = memberOf(views, name) ?? '{}'
  const mapped = appended(before, 'map', JSON.stringify(map))
  const view =
    reduce === ''
      ? withoutMembers(mapped, member => member === 'reduce')
      : appended(mapped, 'reduce', JSON.stringify(reduce))
  return appended(text, 'views', appended(views, name, view))
}

export function withoutView(text: string, name: string): string {
  return withMember(
    text,
    'views',
    withoutMembers(memberOf(text, 'views') ?? '{}', member => member === name),
  )
}

/** Sets a member in its place, or behind all others. */
function appended(text: string, name: string, value: string): string {
  const isThere = parseJsonText(text).members.some(member => member.name === name)
  return isThere ? withMember(text, name, value) : objectText([...membersOf(text), { name, text: value }])
}

/** The kinds of functions that a design document has beside views: "validate_doc_update", "filters: by_type". */
export function otherFunctions(text: string): string[] {
  const single = ['validate_doc_update', 'rewrites'].filter(name => memberOf(text, name) !== undefined)
  const grouped = ['filters', 'updates', 'shows', 'lists'].flatMap(name => {
    const group = memberOf(text, name)
    return group?.startsWith('{') === true ? membersOf(group).map(member => `${name}: ${member.name}`) : []
  })
  return [...single, ...grouped]
}
