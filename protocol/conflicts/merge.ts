import { sortInSteps } from '../sort-in-steps.ts'
import type { Steps } from '../steps.ts'
import { attachmentKey, type Content, type ContentAttachment, type LiveLeaf } from './content.ts'
import { arrayText, elementsOf, isArrayText, isObjectText, type JsonText, objectText } from './json-text.ts'
import { type FieldRule, type MergePolicy, pathKey } from './policy.ts'
import { gather, gatherMembers, type InLeaves, latestOf, rankLeaves } from './ranked.ts'
import { compareValues } from './value-order.ts'

/**
 * Merges leaves member by member. Rules join values in an order that does not depend on revisions, all but `winner`, so that
 * it does not matter whether leaves are merged at once or some of them first. A merged object has its members in the order
 * of their names.
 *
 * @param leaves the winner first
 */
export function* mergeLeaves<Attachment extends ContentAttachment>(
  policy: MergePolicy,
  leaves: readonly LiveLeaf<Attachment>[],
): Steps<Content<Attachment>> {
  const ranked = yield* rankLeaves(policy, leaves)
  return {
    body: yield* mergeMembers(policy, [], bodiesOf(ranked), policy.otherwise),
    attachments: yield* mergeAttachments(policy, ranked),
  }
}

/** Returns the bodies of leaves. */
export function bodiesOf({ present, absent }: InLeaves<Content>): InLeaves<JsonText> {
  return { present: present.map(({ value: { body }, rank }) => ({ value: body, rank })), absent }
}

/** @param inherited rule of the object that has the member */
export function ruleFor(policy: MergePolicy, path: readonly string[], inherited: FieldRule): FieldRule {
  return policy.rules.get(pathKey(path)) ?? inherited
}

/** Merges a value that the leaves do not all have in common; undefined where the merged document has none. */
export function* mergeValues(
  policy: MergePolicy,
  path: readonly string[],
  values: InLeaves<JsonText>,
  inherited: FieldRule,
): Steps<JsonText | undefined> {
  const present = values.present.map(({ value }) => value)
  const [first] = present
  if (values.absent < 0 && areSame(present)) return first
  const rule = ruleFor(policy, path, inherited)
  // The field itself says when the merged revision was written: when the latest of them was.
  if (policy.field !== undefined && pathKey(path) === pathKey(policy.field)) return yield* greatest(present)
  const hasRulesWithin = rule === 'latest' && isObjectOfRules(policy, path)
  if (present.some(isObjectText) && (rule !== 'latest' || hasRulesWithin)) {
    if (rule !== 'winner' || present.every(isObjectText))
      return yield* mergeMembers(policy, path, values, rule)
  }
  return yield* rule === 'latest' ? joinGreatest(latestOf(values)) : joinValues(rule, present)
}

function* joinValues(rule: FieldRule, present: readonly JsonText[]): Steps<JsonText | undefined> {
  switch (rule) {
    case 'winner':
      return present[0]
    case 'min':
      return yield* greatest(present, -1)
    case 'union':
      return yield* present.some(isArrayText) ? union(present.filter(isArrayText)) : greatest(present)
    case 'latest':
    case 'max':
    case 'sum':
      return yield* greatest(present)
  }
}

/** Joins the values of leaves of the same moment: objects member by member, of other values the greatest. */
function* joinGreatest(values: readonly JsonText[]): Steps<JsonText | undefined> {
  const objects = values.filter(isObjectText)
  const [first] = objects
  if (first === undefined) return yield* greatest(values)
  if (areSame(objects)) return first
  const members = yield* gatherMembers({ present: objects.map(value => ({ value, rank: 0 })), absent: -1 })
  const joined = new Map<string, JsonText>()
  for (const [name, { present }] of members) {
    const value = yield* joinGreatest(present.map(({ value }) => value))
    if (value !== undefined) joined.set(name, value)
  }
  return objectText(joined)
}

/** @param sign -1 for the least */
function* greatest(values: readonly JsonText[], sign = 1): Steps<JsonText | undefined> {
  let most: JsonText | undefined
  for (const value of values) {
    if (most === undefined || sign * compareValues(value, most) > 0) most = value
    yield
  }
  return most
}

/** Returns the elements of all arrays, each once, in the order of values. */
function* union(arrays: readonly JsonText[]): Steps<JsonText> {
  const elements = new Map<string, JsonText>()
  for (const array of arrays) {
    for (const element of elementsOf(array)) elements.set(element.toString(), element)
    yield
  }
  return arrayText(yield* sortInSteps([...elements.values()], compareValues))
}

function* mergeMembers(
  policy: MergePolicy,
  path: readonly string[],
  values: InLeaves<JsonText>,
  inherited: FieldRule,
): Steps<JsonText> {
  const merged = new Map<string, JsonText>()
  for (const [name, own] of yield* gatherMembers(values)) {
    const value = yield* mergeValues(policy, [...path, name], own, inherited)
    if (value !== undefined) merged.set(name, value)
  }
  return objectText(merged)
}

/** Returns whether a policy has rules for members of the object at a path, or its field lies there. */
function isObjectOfRules({ rules, field }: MergePolicy, path: readonly string[]): boolean {
  const paths = [...rules.keys()].map(key => JSON.parse(key) as string[])
  if (field !== undefined) paths.push([...field])
  return paths.some(inner => inner.length > path.length && path.every((name, index) => inner[index] === name))
}

function* mergeAttachments<Attachment extends ContentAttachment>(
  policy: MergePolicy,
  leaves: InLeaves<Content<Attachment>>,
): Steps<Attachment[]> {
  const named = yield* gatherAttachments(leaves)
  return [...named.keys()].sort().flatMap(name => chooseAttachment(policy, named.get(name)!))
}

/** Gathers the attachments of leaves by their names. */
export function gatherAttachments<Attachment extends ContentAttachment>(
  leaves: InLeaves<Content<Attachment>>,
): Steps<Map<string, InLeaves<Attachment>>> {
  return gather(leaves, ({ attachments }) => attachments.map(one => [one.name, one] as const))
}

/** Chooses one of the attachments of a name, or none. The rule for `_attachments` holds for each name. */
export function chooseAttachment<Attachment extends ContentAttachment>(
  policy: MergePolicy,
  own: InLeaves<Attachment>,
): Attachment[] {
  const rule = policy.rules.get(pathKey(['_attachments'])) ?? policy.otherwise
  const candidates = rule === 'latest' ? latestOf(own) : own.present.map(({ value }) => value)
  const [first] = candidates
  if (first === undefined) return []
  if (rule === 'winner') return [first]
  return [candidates.reduce((most, one) => (attachmentKey(one) > attachmentKey(most) ? one : most))]
}

/** Returns whether all texts are the same. */
export function areSame(values: readonly JsonText[]): boolean {
  return values.every(value => value.equals(values[0]!))
}
