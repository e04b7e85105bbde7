import type { JsonObject } from '../json-value.ts'
import type { CompiledSelector } from '../selector/selector.ts'
import type { Steps } from '../steps.ts'
import {
  compareContents,
  type Content,
  type ContentAttachment,
  contentKey,
  type LiveLeaf,
  sortedAttachments,
} from './content.ts'
import { valueAt } from './json-text.ts'
import { mergeLeaves } from './merge.ts'
import type { Policy, Resolver } from './policy.ts'
import { compareMoments } from './value-order.ts'

/** Returns whether a selector matches a leaf, as a document with its `_id`. */
export type Matcher = (selector: CompiledSelector, document: JsonObject) => boolean

/** The policies that leaves alone decide on, without a function and without an ancestor. */
export type LeafResolver = Exclude<Resolver, { readonly kind: 'function' | 'manual' }>

/**
 * Finds the first policy that is for a document: its selector must match all leaves. Leaves are given without `_rev`, so
 * that no revision has a say in it.
 */
export function* policyFor(
  policies: readonly Policy[],
  documents: readonly JsonObject[],
  matches: Matcher,
): Steps<Policy | undefined> {
  for (const policy of policies) if (yield* matchesAll(policy.selector, documents, matches)) return policy
  return undefined
}

function* matchesAll(
  selector: CompiledSelector | undefined,
  documents: readonly JsonObject[],
  matches: Matcher,
): Steps<boolean> {
  if (selector === undefined) return true
  for (const document of documents) {
    if (!matches(selector, document)) return false
    yield
  }
  return true
}

/**
 * Computes what a document is to say once its conflict is resolved, from its leaves alone: whoever sees the same leaves
 * computes the same.
 *
 * @param leaves more than one, the winner first
 * @param documents the same leaves as objects, for selectors
 */
export function* resolveLeaves<Attachment extends ContentAttachment>(
  resolver: LeafResolver,
  leaves: readonly LiveLeaf<Attachment>[],
  documents: readonly JsonObject[],
  matches: Matcher,
): Steps<Content<Attachment>> {
  switch (resolver.kind) {
    case 'latest': {
      const moments = yield* mapInSteps(leaves, ({ body }) => valueAt(body, resolver.field))
      return yield* best(leaves, (a, b) => compareMoments(moments[a], moments[b]))
    }
    case 'prefer': {
      const ranks = yield* mapInSteps(documents, one => preference(resolver.selectors, one, matches))
      return yield* best(leaves, (a, b) => (ranks[b] ?? 0) - (ranks[a] ?? 0))
    }
    case 'majority': {
      const keys = yield* mapInSteps(leaves, contentKey)
      const votes = new Map<string, number>()
      for (const key of keys) votes.set(key, (votes.get(key) ?? 0) + 1)
      const votesOf = (leaf: number): number => votes.get(keys[leaf] ?? '') ?? 0
      return yield* best(leaves, (a, b) => votesOf(a) - votesOf(b))
    }
    case 'merge': {
      const keys = new Set(yield* mapInSteps(leaves, contentKey))
      const merged = keys.size === 1 ? leaves[0]! : yield* mergeLeaves(resolver, leaves)
      return { body: merged.body, attachments: sortedAttachments(merged.attachments) }
    }
  }
}

/** Returns the greatest leaf by an order of their indexes; ties are decided by the contents. */
function* best<Attachment extends ContentAttachment>(
  leaves: readonly LiveLeaf<Attachment>[],
  order: (a: number, b: number) => number,
): Steps<Content<Attachment>> {
  let most = 0
  for (let leaf = 1; leaf < leaves.length; leaf++) {
    if ((order(leaf, most) || compareContents(leaves[leaf]!, leaves[most]!)) > 0) most = leaf
    yield
  }
  const { body, attachments } = leaves[most]!
  return { body, attachments: sortedAttachments(attachments) }
}

function* mapInSteps<Item, Result>(items: readonly Item[], map: (item: Item) => Result): Steps<Result[]> {
  const results: Result[] = []
  for (const item of items) {
    results.push(map(item))
    yield
  }
  return results
}

function preference(selectors: readonly CompiledSelector[], document: JsonObject, matches: Matcher): number {
  const index = selectors.findIndex(selector => matches(selector, document))
  return index < 0 ? selectors.length : index
}
