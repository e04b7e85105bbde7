import { compareContents, type Content } from '../../protocol/conflicts/content.ts'
import { type Policy, PolicyError } from '../../protocol/conflicts/policy.ts'
import { policyFor, resolveLeaves } from '../../protocol/conflicts/resolve.ts'
import { mergeThreeWays } from '../../protocol/conflicts/three-way.ts'
import type { DocumentLimits } from '../../protocol/document/document-input.ts'
import { parseDocumentInSteps } from '../../protocol/document/parse.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { externalTerm } from '../../protocol/json/canonical.ts'
import type { JsonObject } from '../../protocol/json-value.ts'
import { generationOf, hashOf } from '../../protocol/revision.ts'
import type { CompiledSelector } from '../../protocol/selector/selector.ts'
import { sortInSteps } from '../../protocol/sort-in-steps.ts'
import { mapInTurns, runInTurns } from '../concurrency/time-slice.ts'
import {
  type ConflictingLeaves,
  readCommonAncestor,
  type StoredLeaf,
} from '../database/conflicts/read-leaves.ts'
import { tombstone } from '../database/conflicts/resolve-conflict.ts'
import type { Database } from '../database/database.ts'
import type { StoredAttachment } from '../database/documents/body-record.ts'
import type { DocumentEdit } from '../database/documents/edit.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { resolveByFunction } from './function-policy.ts'

/** Steps that the patterns of a selector may take for one leaf: some ten milliseconds, the same on every node. */
const PATTERN_STEPS = 1_000_000

export interface ResolutionContext {
  readonly database: Database
  readonly policies: readonly Policy[]
  readonly sandbox: Sandbox
  /** This node's uuid. */
  readonly node: string
}

/** A policy's decision on a document. */
export interface Decision {
  readonly policy: Policy
  /** Undefined where the policy leaves the conflict as it is, here or everywhere. */
  readonly content: Content<StoredAttachment> | undefined
}

/** Returns the policy that is for a document in conflict; undefined where no policy matches. */
export async function findPolicy(
  policies: readonly Policy[],
  id: DocId,
  leaves: readonly StoredLeaf[],
): Promise<Policy | undefined> {
  return runInTurns(policyFor(policies, await documentsOf(id, leaves), matches))
}

/**
 * Computes what a policy makes of a document.
 *
 * @throws {PolicyError} where it cannot; CouchError of a function or a pattern
 */
export async function decide(
  { database, sandbox, node }: ResolutionContext,
  policy: Policy,
  id: DocId,
  conflict: ConflictingLeaves,
): Promise<Content<StoredAttachment> | undefined> {
  const { resolver } = policy
  const { leaves } = conflict
  if (resolver.kind === 'manual') return undefined
  if (resolver.kind === 'function') {
    const owner = String(database.record.number)
    return resolveByFunction(sandbox, owner, resolver.source, {
      id,
      leaves: await runInTurns(sortInSteps(leaves, compareContents)),
    })
  }
  if (resolver.kind !== 'merge' || resolver.at === undefined) {
    return runInTurns(resolveLeaves(resolver, leaves, await documentsOf(id, leaves), matches))
  }
  if (resolver.at !== node) return undefined
  const ancestor = await readCommonAncestor(database, conflict)
  if (ancestor === undefined) throw new PolicyError('the body of the common ancestor is not stored any more')
  return runInTurns(mergeThreeWays(resolver, leaves, ancestor))
}

/**
 * Returns the edits that put a content in place of all leaves: a child of the winner, if the winner does not have that content
 * already, and tombstones of the others.
 *
 * @param limits of documents that are written, which the child is held to as well
 * @throws CouchError for a content beyond them
 */
export async function editsFor(
  id: DocId,
  leaves: readonly StoredLeaf[],
  content: Content<StoredAttachment>,
  limits: DocumentLimits,
): Promise<DocumentEdit[]> {
  const [winner, ...others] = leaves
  if (winner === undefined) return []
  const tombstones = others.map(({ rev }) => tombstone(id, rev))
  if (compareContents(winner, content) === 0) return tombstones
  const { refusal } = await runInTurns(parseDocumentInSteps(content.body, { ...limits, term: false }))
  if (refusal !== undefined) throw refusal
  const child: DocumentEdit = {
    id,
    revs: { start: generationOf(winner.rev), hashes: [hashOf(winner.rev)] },
    deleted: false,
    body: content.body,
    term: externalTerm(content.body),
    attachments: content.attachments.map(attachment => ({ kind: 'stored', attachment })),
  }
  return [child, ...tombstones]
}

function documentsOf(id: DocId, leaves: readonly StoredLeaf[]): Promise<JsonObject[]> {
  return mapInTurns(leaves, ({ body }) => ({ _id: id, ...(JSON.parse(body.toString()) as JsonObject) }))
}

/** @throws `bad_request` where the patterns take too long */
function matches(selector: CompiledSelector, document: JsonObject): boolean {
  selector.limitSteps(PATTERN_STEPS)
  let verdict = selector.matches(document)
  while (typeof verdict !== 'boolean') verdict = verdict.resume()
  return verdict
}
