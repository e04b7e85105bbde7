import type { JsonObject } from '../json-value.ts'
import type { CompiledSelector } from '../selector/selector.ts'
import {
  compareContents,
  type Content,
  type ContentAttachment,
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
 * Returns the first policy that is for a document: its selector must match all leaves. Leaves are given without `_rev`, so
 * that no revision has a say in it.
 */
export function policyFor(
  policies: readonly Policy[],
  documents: readonly JsonObject[],
  matches: Matcher,
): Policy | undefined {
  return policies.find(
    ({ selector }) => selector === undefined || documents.every(document => matches(selector, document)),
  )
}

/**
 * Computes what a document is to say once its conflict is resolved, from its leaves alone: whoever sees the same leaves
 * computes the same.
 *
 * @param leaves more than one, the winner first
 * @param documents the same leaves as objects, for selectors
 */
export function resolveLeaves<Attachment extends ContentAttachment>(
  resolver: LeafResolver,
  leaves: readonly LiveLeaf<Attachment>[],
  documents: readonly JsonObject[],
  matches: Matcher,
): Content<Attachment> {
  switch (resolver.kind) {
    case 'latest':
      return best(leaves, (a, b) =>
        compareMoments(valueAt(a.body, resolver.field), valueAt(b.body, resolver.field)),
      )
    case 'prefer': {
      const ranks = new Map(
        leaves.map((leaf, index) => [leaf, preference(resolver.selectors, documents[index], matches)]),
      )
      return best(leaves, (a, b) => (ranks.get(b) ?? 0) - (ranks.get(a) ?? 0))
    }
    case 'majority':
      return best(leaves, (a, b) => votes(leaves, a) - votes(leaves, b))
    case 'merge': {
      const merged = leaves.every(leaf => compareContents(leaf, leaves[0]!) === 0)
        ? leaves[0]!
        : mergeLeaves(resolver, leaves)
      return { body: merged.body, attachments: sortedAttachments(merged.attachments) }
    }
  }
}

/** Returns the greatest leaf by an order; ties are decided by the contents. */
function best<Attachment extends ContentAttachment>(
  leaves: readonly LiveLeaf<Attachment>[],
  order: (a: LiveLeaf<Attachment>, b: LiveLeaf<Attachment>) => number,
): Content<Attachment> {
  const { body, attachments } = leaves.reduce((most, leaf) =>
    (order(leaf, most) || compareContents(leaf, most)) > 0 ? leaf : most,
  )
  return { body, attachments: sortedAttachments(attachments) }
}

function preference(
  selectors: readonly CompiledSelector[],
  document: JsonObject | undefined,
  matches: Matcher,
): number {
  const index = document === undefined ? -1 : selectors.findIndex(selector => matches(selector, document))
  return index < 0 ? selectors.length : index
}

function votes(leaves: readonly Content[], leaf: Content): number {
  return leaves.filter(other => compareContents(other, leaf) === 0).length
}
