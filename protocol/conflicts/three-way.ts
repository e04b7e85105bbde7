import { floatText } from '../json/numbers.ts'
import type { Steps } from '../steps.ts'
import { attachmentKey, type Content, type ContentAttachment, type LiveLeaf } from './content.ts'
import { isObjectText, type JsonText, membersOf, objectText } from './json-text.ts'
import { areSame, bodiesOf, chooseAttachment, gatherAttachments, mergeValues, ruleFor } from './merge.ts'
import type { FieldRule, MergePolicy } from './policy.ts'
import { gatherMembers, type InLeaves, nowhere, rankLeaves } from './ranked.ts'

/**
 * Merges leaves with what they had in common: a member that only some of them changed, all to the same, takes that change,
 * a removal too; the rules decide on the others.
 *
 * @param leaves the winner first
 * @param ancestor the newest revision that all leaves descend from
 */
export function* mergeThreeWays<Attachment extends ContentAttachment>(
  policy: MergePolicy,
  leaves: readonly LiveLeaf<Attachment>[],
  ancestor: Content<Attachment>,
): Steps<Content<Attachment>> {
  const ranked = yield* rankLeaves(policy, leaves)
  return {
    body: yield* mergeMembers(policy, [], bodiesOf(ranked), ancestor.body, policy.otherwise),
    attachments: yield* threeWayAttachments(policy, ranked, ancestor),
  }
}

function* mergeMembers(
  policy: MergePolicy,
  path: readonly string[],
  values: InLeaves<JsonText>,
  base: JsonText | undefined,
  inherited: FieldRule,
): Steps<JsonText> {
  const old: ReadonlyMap<string, JsonText> = base === undefined ? new Map() : membersOf(base)
  const members = yield* gatherMembers(values)
  const none = nowhere(values)
  const merged = new Map<string, JsonText>()
  for (const name of new Set([...old.keys(), ...members.keys()])) {
    const own = members.get(name) ?? none
    const value = yield* mergeMember(policy, [...path, name], own, old.get(name), inherited)
    if (value !== undefined) merged.set(name, value)
  }
  return objectText(merged)
}

function* mergeMember(
  policy: MergePolicy,
  path: readonly string[],
  values: InLeaves<JsonText>,
  base: JsonText | undefined,
  inherited: FieldRule,
): Steps<JsonText | undefined> {
  const changed = changedOf(values, base, (value, old) => value.equals(old))
  const { present, absent } = changed
  const [first] = present
  if (first === undefined && absent < 0) return base
  const rule = ruleFor(policy, path, inherited)
  const texts = present.map(({ value }) => value)
  if (absent < 0) {
    const sum = rule === 'sum' ? sumOfDifferences(texts, base) : undefined
    if (sum !== undefined) return sum
    if (areSame(texts)) return first?.value
    if (texts.every(isObjectText)) return yield* mergeMembers(policy, path, changed, base, rule)
  } else if (first === undefined) return undefined
  return yield* mergeValues(policy, path, changed, rule)
}

/** Returns what leaves have that is not as it was; where it was not there, those without it have not changed it. */
function changedOf<Value>(
  { present, absent }: InLeaves<Value>,
  old: Value | undefined,
  isSame: (value: Value, old: Value) => boolean,
): InLeaves<Value> {
  if (old === undefined) return { present, absent: -1 }
  return { present: present.filter(({ value }) => !isSame(value, old)), absent }
}

const INTEGER = /^-?\d+$/

/** Returns base + Σ (value - base), where all of them are numbers; a base that is not there is 0. */
function sumOfDifferences(changed: readonly JsonText[], base: JsonText | undefined): JsonText | undefined {
  const numbers = changed.map(value => value.toString())
  const start = base?.toString() ?? '0'
  if (![start, ...numbers].every(text => /^-?\d/.test(text))) return undefined
  if ([start, ...numbers].every(text => INTEGER.test(text))) {
    const from = BigInt(start)
    return Buffer.from(String(numbers.reduce((sum, text) => sum + BigInt(text) - from, from)))
  }
  const from = Number(start)
  const sum = numbers.reduce((total, text) => total + Number(text) - from, from)
  return Number.isFinite(sum) ? Buffer.from(floatText(sum)) : undefined
}

function* threeWayAttachments<Attachment extends ContentAttachment>(
  policy: MergePolicy,
  leaves: InLeaves<Content<Attachment>>,
  ancestor: Content<Attachment>,
): Steps<Attachment[]> {
  const named = yield* gatherAttachments(leaves)
  const none = nowhere(leaves)
  const old = new Map(ancestor.attachments.map(one => [one.name, one]))
  return [...new Set([...old.keys(), ...named.keys()])].flatMap(name => {
    const before = old.get(name)
    const changed = changedOf(
      named.get(name) ?? none,
      before,
      (one, other) => attachmentKey(one) === attachmentKey(other),
    )
    const [first] = changed.present
    if (first === undefined) return changed.absent < 0 && before !== undefined ? [before] : []
    const key = attachmentKey(first.value)
    if (changed.absent < 0 && changed.present.every(({ value }) => attachmentKey(value) === key))
      return [first.value]
    return chooseAttachment(policy, changed)
  })
}
