import { elementsOf, membersOf, objectText } from './json-text.ts'

/** A member of a document in each of its leaves, where these do not agree. */
export interface Difference {
  readonly name: string
  /** Its source text in each leaf, in the order of the leaves; `undefined` where the leaf has none. */
  readonly values: readonly (string | undefined)[]
}

const NOT_CONTENT = new Set(['_id', '_rev', '_revisions', '_conflicts', '_deleted'])

/** The members in which leaves differ, in the order in which they first appear. `_attachments` counts as a member. */
export function differencesOf(texts: readonly string[]): Difference[] {
  const maps = texts.map(contentOf)
  return namesOf(maps)
    .map(name => ({ name, values: maps.map(map => map.get(name)) }))
    .filter(({ values }) => new Set(values).size > 1)
}

/**
 * The text of a merged document: each member from the leaf that was picked for it, all others from the first leaf.
 *
 * @param picks index of a leaf by name of a member
 */
export function mergeLeaves(texts: readonly string[], picks: Readonly<Record<string, number>>): string {
  const maps = texts.map(contentOf)
  const members = namesOf(maps).map(name => ({ name, text: maps[picks[name] ?? 0]?.get(name) }))
  return objectText(
    members.filter((member): member is { name: string; text: string } => member.text !== undefined),
  )
}

function contentOf(text: string): Map<string, string> {
  return new Map(
    membersOf(text)
      .filter(({ name }) => !NOT_CONTENT.has(name))
      .map(member => [member.name, member.text]),
  )
}

function namesOf(maps: readonly ReadonlyMap<string, string>[]): string[] {
  return [...new Set(maps.flatMap(map => [...map.keys()]))]
}

/** The strings of an array's text. */
export function stringsOf(text: string): string[] {
  return elementsOf(text).map(element => String(JSON.parse(element)))
}
