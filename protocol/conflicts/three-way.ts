import { floatText } from '../json/numbers.ts'
import type { Content, ContentAttachment, LiveLeaf } from './content.ts'
import { attachmentKey } from './content.ts'
import { isObjectText, type JsonText, membersOf, objectText } from './json-text.ts'
import { mergeAttachments, type MemberValue, mergeValues, momentsOf, ruleFor, sameText } from './merge.ts'
import type { FieldRule, MergePolicy } from './policy.ts'

/**
 * Merges leaves with what they had in common: a member that only some of them changed, all to the same, takes that change,
 * a removal too; the rules decide on the others.
 *
 * @param leaves the winner first
 * @param ancestor the newest revision that all leaves descend from
 */
export function mergeThreeWays<Attachment extends ContentAttachment>(
  policy: MergePolicy,
  leaves: readonly LiveLeaf<Attachment>[],
  ancestor: Content<Attachment>,
): Content<Attachment> {
  const moments = momentsOf(policy, leaves)
  const values = leaves.map(({ body }, index) => ({ value: body, moment: moments[index] }))
  return {
    body: mergeMembers(policy, [], values, ancestor.body, policy.otherwise),
    attachments: threeWayAttachments(policy, leaves, moments, ancestor),
  }
}

function mergeMembers(
  policy: MergePolicy,
  path: readonly string[],
  values: readonly MemberValue[],
  base: JsonText | undefined,
  inherited: FieldRule,
): JsonText {
  const none: ReadonlyMap<string, JsonText> = new Map()
  const old = base === undefined ? none : membersOf(base)
  const objects = values.map(({ value, moment }) => ({
    moment,
    members: value === undefined ? none : membersOf(value),
  }))
  const merged = new Map<string, JsonText>()
  for (const name of new Set([...old.keys(), ...objects.flatMap(({ members }) => [...members.keys()])])) {
    const own = objects.map(({ members, moment }) => ({ value: members.get(name), moment }))
    const value = mergeMember(policy, [...path, name], own, old.get(name), inherited)
    if (value !== undefined) merged.set(name, value)
  }
  return objectText(merged)
}

function mergeMember(
  policy: MergePolicy,
  path: readonly string[],
  values: readonly MemberValue[],
  base: JsonText | undefined,
  inherited: FieldRule,
): JsonText | undefined {
  const changed = values.filter(({ value }) => !sameText(value, base))
  const [first] = changed
  if (first === undefined) return base
  const rule = ruleFor(policy, path, inherited)
  const sum = rule === 'sum' ? sumOfDifferences(changed, base) : undefined
  if (sum !== undefined) return sum
  if (changed.every(({ value }) => sameText(value, first.value))) return first.value
  if (changed.every(({ value }) => value !== undefined && isObjectText(value))) {
    return mergeMembers(policy, path, changed, base, rule)
  }
  return mergeValues(policy, path, changed, rule)
}

const INTEGER = /^-?\d+$/

/** Returns base + Σ (value - base), where all of them are numbers; a base that is not there is 0. */
function sumOfDifferences(changed: readonly MemberValue[], base: JsonText | undefined): JsonText | undefined {
  const texts = changed.map(({ value }) => value?.toString())
  const start = base?.toString() ?? '0'
  if (![start, ...texts].every(text => text !== undefined && /^-?\d/.test(text))) return undefined
  const numbers = texts as string[]
  if ([start, ...numbers].every(text => INTEGER.test(text))) {
    const from = BigInt(start)
    return Buffer.from(String(numbers.reduce((sum, text) => sum + BigInt(text) - from, from)))
  }
  const from = Number(start)
  const sum = numbers.reduce((total, text) => total + Number(text) - from, from)
  return Number.isFinite(sum) ? Buffer.from(floatText(sum)) : undefined
}

function threeWayAttachments<Attachment extends ContentAttachment>(
  policy: MergePolicy,
  leaves: readonly LiveLeaf<Attachment>[],
  moments: readonly (JsonText | undefined)[],
  ancestor: Content<Attachment>,
): Attachment[] {
  const keyOf = (content: Content<Attachment>, name: string): string | undefined => {
    const found = content.attachments.find(one => one.name === name)
    return found === undefined ? undefined : attachmentKey(found)
  }
  const names = new Set(
    [ancestor, ...leaves].flatMap(({ attachments }) => attachments.map(({ name }) => name)),
  )
  return [...names].flatMap(name => {
    const old = keyOf(ancestor, name)
    const changed = leaves.flatMap((leaf, index) => (keyOf(leaf, name) === old ? [] : [{ leaf, index }]))
    const [first] = changed
    if (first === undefined) return ancestor.attachments.filter(one => one.name === name)
    const key = keyOf(first.leaf, name)
    if (changed.every(({ leaf }) => keyOf(leaf, name) === key)) {
      return first.leaf.attachments.filter(one => one.name === name)
    }
    const own = changed.map(({ leaf }) => ({
      body: leaf.body,
      attachments: leaf.attachments.filter(one => one.name === name),
    }))
    return mergeAttachments(
      policy,
      own,
      changed.map(({ index }) => moments[index]),
    )
  })
}
