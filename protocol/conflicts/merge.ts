import { attachmentKey, type Content, type ContentAttachment, type LiveLeaf } from './content.ts'
import {
  arrayText,
  elementsOf,
  isArrayText,
  isObjectText,
  type JsonText,
  membersOf,
  objectText,
  valueAt,
} from './json-text.ts'
import { type FieldRule, type MergePolicy, pathKey } from './policy.ts'
import { compareMoments, compareValues } from './value-order.ts'

/** The value of one member in one leaf. */
export interface MemberValue {
  /** Undefined where the leaf does not have the member. */
  readonly value: JsonText | undefined
  /** The field of the policy, which says when the leaf was written. */
  readonly moment: JsonText | undefined
}

/**
 * Merges leaves member by member. Rules join values in an order that does not depend on revisions, all but `winner`, so that
 * it does not matter whether leaves are merged at once or some of them first. A merged object has its members in the order
 * of their names.
 *
 * @param leaves the winner first
 */
export function mergeLeaves<Attachment extends ContentAttachment>(
  policy: MergePolicy,
  leaves: readonly LiveLeaf<Attachment>[],
): Content<Attachment> {
  const moments = momentsOf(policy, leaves)
  const values = leaves.map(({ body }, index) => ({ value: body, moment: moments[index] }))
  return {
    body: mergeMembers(policy, [], values, policy.otherwise),
    attachments: mergeAttachments(policy, leaves, moments),
  }
}

export function momentsOf({ field }: MergePolicy, leaves: readonly Content[]): (JsonText | undefined)[] {
  return leaves.map(({ body }) => (field === undefined ? undefined : valueAt(body, field)))
}

/** @param inherited rule of the object that has the member */
export function ruleFor(policy: MergePolicy, path: readonly string[], inherited: FieldRule): FieldRule {
  return policy.rules.get(pathKey(path)) ?? inherited
}

/** Merges a value that the leaves do not all have in common; undefined where the merged document has none. */
export function mergeValues(
  policy: MergePolicy,
  path: readonly string[],
  values: readonly MemberValue[],
  inherited: FieldRule,
): JsonText | undefined {
  const [first] = values
  if (values.every(({ value }) => sameText(value, first?.value))) return first?.value
  const rule = ruleFor(policy, path, inherited)
  const present = values.map(({ value }) => value).filter(value => value !== undefined)
  // The field itself says when the merged revision was written: when the latest of them was.
  if (policy.field !== undefined && pathKey(path) === pathKey(policy.field)) return greatest(present)
  const candidates = rule === 'latest' ? latestOf(values) : values
  const hasRulesWithin = rule === 'latest' && isObjectOfRules(policy, path)
  if (present.some(isObjectText) && (rule !== 'latest' || hasRulesWithin)) {
    if (rule !== 'winner' || present.every(isObjectText)) return mergeMembers(policy, path, values, rule)
  }
  if (rule === 'latest') {
    return joinGreatest(candidates.map(({ value }) => value).filter(value => value !== undefined))
  }
  return joinValues(rule, present)
}

function joinValues(rule: FieldRule, present: readonly JsonText[]): JsonText | undefined {
  switch (rule) {
    case 'winner':
      return present[0]
    case 'min':
      return present.reduce((least, value) => (compareValues(value, least) < 0 ? value : least))
    case 'union':
      return present.some(isArrayText) ? union(present.filter(isArrayText)) : greatest(present)
    case 'latest':
    case 'max':
    case 'sum':
      return greatest(present)
  }
}

/** Joins the values of leaves of the same moment: objects member by member, of other values the greatest. */
function joinGreatest(values: readonly JsonText[]): JsonText | undefined {
  const objects = values.filter(isObjectText)
  const [first] = objects
  if (first === undefined) return greatest(values)
  if (objects.every(value => value.equals(first))) return first
  const members = objects.map(membersOf)
  const joined = new Map<string, JsonText>()
  for (const name of new Set(members.flatMap(own => [...own.keys()]))) {
    const value = joinGreatest(members.flatMap(own => own.get(name) ?? []))
    if (value !== undefined) joined.set(name, value)
  }
  return objectText(joined)
}

function greatest(values: readonly JsonText[]): JsonText | undefined {
  return values.reduce<JsonText | undefined>(
    (most, value) => (most === undefined || compareValues(value, most) > 0 ? value : most),
    undefined,
  )
}

/** Returns the elements of all arrays, each once, in the order of values. */
export function union(arrays: readonly JsonText[]): JsonText {
  const elements = new Map(arrays.flatMap(elementsOf).map(element => [element.toString(), element]))
  return arrayText([...elements.values()].sort(compareValues))
}

function mergeMembers(
  policy: MergePolicy,
  path: readonly string[],
  values: readonly MemberValue[],
  inherited: FieldRule,
): JsonText {
  const objects = values.map(({ value, moment }) => ({
    moment,
    members: value === undefined ? new Map<string, JsonText>() : membersOf(value),
  }))
  const merged = new Map<string, JsonText>()
  for (const name of new Set(objects.flatMap(({ members }) => [...members.keys()]))) {
    const own = objects.map(({ members, moment }) => ({ value: members.get(name), moment }))
    const value = mergeValues(policy, [...path, name], own, inherited)
    if (value !== undefined) merged.set(name, value)
  }
  return objectText(merged)
}

/** Returns the values of the leaves that were written last. */
export function latestOf<Value extends Pick<MemberValue, 'moment'>>(values: readonly Value[]): Value[] {
  let latest: Value[] = []
  for (const value of values) {
    const order = latest[0] === undefined ? 1 : compareMoments(value.moment, latest[0].moment)
    if (order > 0) latest = [value]
    else if (order === 0) latest.push(value)
  }
  return latest
}

/** Returns whether a policy has rules for members of the object at a path, or its field lies there. */
function isObjectOfRules({ rules, field }: MergePolicy, path: readonly string[]): boolean {
  const paths = [...rules.keys()].map(key => JSON.parse(key) as string[])
  if (field !== undefined) paths.push([...field])
  return paths.some(inner => inner.length > path.length && path.every((name, index) => inner[index] === name))
}

/** The rule for `_attachments` holds for each name. */
export function mergeAttachments<Attachment extends ContentAttachment>(
  policy: MergePolicy,
  leaves: readonly Content<Attachment>[],
  moments: readonly (JsonText | undefined)[],
): Attachment[] {
  const rule = policy.rules.get(pathKey(['_attachments'])) ?? policy.otherwise
  const names = [...new Set(leaves.flatMap(({ attachments }) => attachments.map(({ name }) => name)))]
  return names.sort().flatMap(name => {
    const own = leaves.map(({ attachments }, index) => ({
      attachment: attachments.find(one => one.name === name),
      moment: moments[index],
    }))
    const candidates = (rule === 'latest' ? latestOf(own) : own).flatMap(({ attachment }) => attachment ?? [])
    if (rule === 'winner') return candidates.slice(0, 1)
    return candidates.sort((a, b) => (attachmentKey(a) < attachmentKey(b) ? 1 : -1)).slice(0, 1)
  })
}

export function sameText(a: JsonText | undefined, b: JsonText | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b)
}
