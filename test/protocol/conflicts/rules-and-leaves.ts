import type { Content, LiveLeaf } from '../../../protocol/conflicts/content.ts'
import { parsePolicies } from '../../../protocol/conflicts/policy.ts'
import { type LeafResolver, resolveLeaves } from '../../../protocol/conflicts/resolve.ts'
import { canonicalJson } from '../../../protocol/json/canonical.ts'
import { runSteps } from '../../../protocol/steps.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import { asRev } from '../../../protocol/revision.ts'

export const text = (value: unknown): Buffer =>
  canonicalJson(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))

export const matches = (
  selector: { matches: (document: JsonObject) => unknown },
  document: JsonObject,
): boolean => selector.matches(document) === true

/** Leaves in the order given, which stands for the order in which they win. */
export function leavesOf(contents: readonly Content[]): LiveLeaf[] {
  return contents.map((content, index) => ({ ...content, rev: asRev(`${index + 1}-${'a'.repeat(32)}`) }))
}

export function resolverOf(rule: JsonObject): LeafResolver {
  const [policy] = parsePolicies('_design/p', [rule])
  return policy!.resolver as LeafResolver
}

export function resolve(rule: JsonObject, contents: readonly Content[]): Content {
  const documents = contents.map(({ body }) => JSON.parse(body.toString()) as JsonObject)
  return runSteps(resolveLeaves(resolverOf(rule), leavesOf(contents), documents, matches))
}

/** The body that a policy makes of bodies, given as JSON text or values. */
export function bodyOf(rule: JsonObject, ...bodies: unknown[]): string {
  return resolve(
    rule,
    bodies.map(body => ({ body: text(body), attachments: [] })),
  ).body.toString()
}
