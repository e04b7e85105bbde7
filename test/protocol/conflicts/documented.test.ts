import { readFile } from 'node:fs/promises'
import test from 'ava'
import { projectFile } from '../../../harness/project.ts'
import { type MergePolicy, parsePolicies } from '../../../protocol/conflicts/policy.ts'
import { type LeafResolver, resolveLeaves } from '../../../protocol/conflicts/resolve.ts'
import { mergeThreeWays } from '../../../protocol/conflicts/three-way.ts'
import { runSteps } from '../../../protocol/steps.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import { asRev } from '../../../protocol/revision.ts'

interface Example {
  readonly policy: JsonObject
  readonly ancestor?: JsonObject
  readonly leaves: readonly JsonObject[]
  readonly result: JsonObject
}

const contentOf = (body: JsonObject) => ({ body: Buffer.from(JSON.stringify(body)), attachments: [] })

test('the examples of docs/conflicts.md do what they say', async t => {
  const text = await readFile(projectFile('docs/conflicts.md'), 'utf8')
  const examples = [...text.matchAll(/```json\n(.*?)```/gs)]
    .map(([, json = '']) => JSON.parse(json) as Example)
    // Those that need a server: test/server/conflicts/documented.test.ts.
    .filter(({ policy }) => policy.policy !== 'function' && policy.policy !== 'manual')
  t.is(examples.length, 5)
  for (const { policy, ancestor, leaves, result } of examples) {
    const { resolver } = parsePolicies('_design/policy', [policy])[0]!
    const live = leaves.map((leaf, index) => ({ ...contentOf(leaf), rev: asRev(`1-${index}`) }))
    const content =
      ancestor === undefined
        ? runSteps(
            resolveLeaves(
              resolver as LeafResolver,
              live,
              leaves,
              (selector, one) => selector.matches(one) === true,
            ),
          )
        : runSteps(mergeThreeWays(resolver as MergePolicy, live, contentOf(ancestor)))
    t.is(content.body.toString(), JSON.stringify(result))
  }
})
