import { elementsOf, memberOf, membersOf } from './json-text.ts'

/** A rule of a design document that resolves conflicts. */
export interface Policy {
  /** "_design/policy/0", as the node names it. */
  readonly name: string
  readonly design: string
  /** "latest", "merge", … */
  readonly kind: string
  /** JSON text of the selector of the documents that it is for. */
  readonly selector: string
  /** Its other members as text: `field: "updated_at"`. */
  readonly details: readonly string[]
}

/** The policies in the `conflicts` of design documents, in their order; invalid ones are skipped. */
export function policiesOf(designs: readonly { readonly id: string; readonly text: string }[]): Policy[] {
  return designs.flatMap(({ id, text }) => {
    const conflicts = memberOf(text, 'conflicts')
    if (conflicts?.startsWith('[') !== true) return []
    return elementsOf(conflicts)
      .map((rule, index) => ({ rule, name: `${id}/${index}` }))
      .filter(({ rule }) => rule.startsWith('{'))
      .map(({ rule, name: policy }) => ({
        name: policy,
        design: id,
        kind: plain(memberOf(rule, 'policy') ?? '""'),
        selector: memberOf(rule, 'selector') ?? '{}',
        details: membersOf(rule)
          .filter(({ name }) => name !== 'policy' && name !== 'selector')
          .map(({ name, text: value }) => `${name}: ${value}`),
      }))
  })
}

function plain(text: string): string {
  return text.startsWith('"') ? (JSON.parse(text) as string) : text
}
