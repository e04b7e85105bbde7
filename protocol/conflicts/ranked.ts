import { sortInSteps } from '../sort-in-steps.ts'
import type { Steps } from '../steps.ts'
import type { Content } from './content.ts'
import { type JsonText, membersOf, valueAt } from './json-text.ts'
import type { MergePolicy } from './policy.ts'
import { compareMoments } from './value-order.ts'

/** Something of one leaf. */
export interface Ranked<Value> {
  readonly value: Value
  /** Place of the leaf in the order of the moments at which leaves were written; leaves of one moment share it. */
  readonly rank: number
}

/**
 * One thing in all leaves, such as a member. What is not there is told in one number, so that a hundred leaves with a hundred members each
 * of their own are ten thousand values, and not a million.
 */
export interface InLeaves<Value> {
  /** In the order of the leaves, the winner first. */
  readonly present: readonly Ranked<Value>[]
  /** The greatest rank of the leaves that do not have it; -1 where all do. */
  readonly absent: number
}

/** Ranks leaves by the policy's field. */
export function* rankLeaves<Leaf extends Content>(
  { field }: MergePolicy,
  leaves: readonly Leaf[],
): Steps<InLeaves<Leaf>> {
  if (field === undefined) return { present: leaves.map(value => ({ value, rank: 0 })), absent: -1 }
  const moments = new Map<Leaf, JsonText | undefined>()
  for (const leaf of leaves) {
    moments.set(leaf, valueAt(leaf.body, field))
    yield
  }
  const order = (a: Leaf, b: Leaf) => compareMoments(moments.get(a), moments.get(b))
  const sorted = yield* sortInSteps(leaves, order)
  const ranks = new Map<Leaf, number>()
  let rank = 0
  for (const [index, leaf] of sorted.entries()) {
    if (index > 0 && order(sorted[index - 1]!, leaf) !== 0) rank += 1
    ranks.set(leaf, rank)
  }
  return { present: leaves.map(leaf => ({ value: leaf, rank: ranks.get(leaf) ?? 0 })), absent: -1 }
}

/** Gathers parts of what leaves have by their names, such as the members of objects. */
export function* gather<Value, Part>(
  whole: InLeaves<Value>,
  partsOf: (value: Value) => Iterable<readonly [name: string, part: Part]>,
): Steps<Map<string, InLeaves<Part>>> {
  const found = new Map<string, { readonly parts: Ranked<Part>[]; readonly owners: Set<Ranked<Value>> }>()
  for (const owner of whole.present) {
    for (const [name, part] of partsOf(owner.value)) {
      let named = found.get(name)
      if (named === undefined) found.set(name, (named = { parts: [], owners: new Set() }))
      if (named.owners.has(owner)) continue
      named.owners.add(owner)
      named.parts.push({ value: part, rank: owner.rank })
    }
    yield
  }
  const latestFirst = whole.present.toSorted((a, b) => b.rank - a.rank)
  const gathered = new Map<string, InLeaves<Part>>()
  for (const [name, { parts, owners }] of found) {
    const other = latestFirst.find(owner => !owners.has(owner))
    gathered.set(name, { present: parts, absent: Math.max(whole.absent, other?.rank ?? -1) })
    yield
  }
  return gathered
}

/** Gathers the members of objects; what is no object has none. */
export function gatherMembers(values: InLeaves<JsonText>): Steps<Map<string, InLeaves<JsonText>>> {
  return gather(values, membersOf)
}

/** Returns what none of the leaves has. */
export function nowhere({ present, absent }: InLeaves<unknown>): InLeaves<never> {
  return { present: [], absent: present.reduce((most, { rank }) => Math.max(most, rank), absent) }
}

/** Returns the values of the leaves that were written last: none, where none of these has one. */
export function latestOf<Value>({ present, absent }: InLeaves<Value>): Value[] {
  const latest = present.reduce((most, { rank }) => Math.max(most, rank), absent)
  return present.filter(({ rank }) => rank === latest).map(({ value }) => value)
}
