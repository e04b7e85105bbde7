import test from 'ava'
import fc from 'fast-check'
import type { DocId } from '../../../protocol/document-id.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import {
  attachmentOf,
  bodyOf,
  converge,
  policyNode,
  type PolicyNode,
  replicate,
  shapeOf,
} from '../../helpers/policy-nodes.ts'
import { write } from '../../helpers/write.ts'

const IDS = ['a', 'b']

const POLICIES = {
  latest: { policy: 'latest', field: 'at' },
  prefer: { policy: 'prefer', selectors: [{ n: { $gt: 50 } }, { n: { $gt: 20 } }] },
  majority: { policy: 'majority' },
  union: { policy: 'merge', fields: { tags: 'union', high: 'max', low: 'min' }, default: 'max' },
  merged: { policy: 'merge', field: 'at', fields: { tags: 'union' }, default: 'latest' },
  winner: { policy: 'merge', default: 'winner' },
} as const

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('edit' as const),
      node: fc.nat(4),
      id: fc.constantFrom(...IDS),
      n: fc.nat(99),
      attach: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      node: fc.nat(4),
      id: fc.constantFrom(...IDS),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('replicate' as const), node: fc.nat(4), to: fc.nat(4) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('switch' as const), node: fc.nat(4) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Values that were written to documents that nobody deleted. */
interface Written {
  readonly tags: Map<string, string[]>
  readonly numbers: Map<string, number[]>
  readonly deleted: Set<string>
  clock: number
}

async function run(nodes: readonly PolicyNode[], one: Step, written: Written): Promise<void> {
  const node = nodes[one.node % nodes.length]!
  if (one.kind === 'switch') node.resolves = !node.resolves
  else if (one.kind === 'replicate') await replicate(node.database, nodes[one.to % nodes.length]!.database)
  else if (one.kind === 'delete') {
    const rev = node.database.document(one.id as DocId)?.rev
    if (rev === undefined || bodyOf(node, one.id) === undefined) return
    written.deleted.add(one.id)
    await write(node.database, [{ _id: one.id, _rev: rev, _deleted: true }])
  } else await edit(node, one, written)
}

async function edit(
  { database }: PolicyNode,
  { id, n, attach }: Step & { kind: 'edit' },
  written: Written,
): Promise<void> {
  const document = database.document(id as DocId)
  const body = document === undefined || document.deleted ? {} : bodyAt(database, document.body)
  const tag = `t${(written.clock += 1)}`
  const [outcome] = await write(database, [
    {
      ...body,
      _id: id,
      ...(document === undefined || document.deleted ? {} : { _rev: document.rev }),
      n,
      at: written.clock,
      tags: [...((body['tags'] as string[] | undefined) ?? []), tag],
      high: Math.max(n, Number(body['high'] ?? 0)),
      low: Math.min(n, Number(body['low'] ?? 100)),
      ...(attach ? { _attachments: { [`f${n % 3}`]: attachmentOf(String(n)) } } : {}),
    },
  ])
  // The resolver may have been faster.
  if (outcome?.error !== undefined) return
  written.tags.set(id, [...(written.tags.get(id) ?? []), tag])
  written.numbers.set(id, [...(written.numbers.get(id) ?? []), n])
}

function bodyAt(database: PolicyNode['database'], number: number): Record<string, unknown> {
  return JSON.parse(Buffer.from(database.body(number).body).toString()) as Record<string, unknown>
}

for (const [name, rule] of Object.entries(POLICIES)) {
  test(`${name}: nodes that edit, replicate and resolve in any order end with equal trees and without conflicts`, async t => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 4 }),
        fc.array(step, { minLength: 3, maxLength: 25 }),
        async (count, steps) => {
          const nodes = await Promise.all(Array.from({ length: count }, () => policyNode()))
          const written: Written = { tags: new Map(), numbers: new Map(), deleted: new Set(), clock: 0 }
          try {
            for (const { database } of nodes)
              await write(database, [{ _id: '_design/policy', conflicts: [rule] }])
            for (const one of steps) await run(nodes, one, written)
            // One node that resolves is enough.
            nodes[0]!.resolves = true
            nodes[0]!.resolver.reconsider()
            const rounds = await converge(nodes)
            t.true(rounds <= 8, `${rounds} rounds`)
            for (const id of IDS) checkDocument(t, { nodes, id, name, written })
            t.is(nodes[0]!.database.state.conflicts, 0)
          } finally {
            await Promise.all(nodes.map(node => node.close()))
          }
        },
      ),
      { numRuns: 25 },
    )
  })
}

function checkDocument(
  t: { deepEqual(a: unknown, b: unknown): void; true(value: boolean, message?: string): void },
  { nodes, id, name, written }: { nodes: readonly PolicyNode[]; id: string; name: string; written: Written },
): void {
  for (const node of nodes) t.deepEqual(shapeOf(node, id), shapeOf(nodes[0]!, id))
  const tree = nodes[0]!.database.document(id as DocId)?.tree
  const tags = written.tags.get(id) ?? []
  if (tree === undefined || tags.length === 0) return
  t.true(leaves(tree).filter(({ deleted }) => !deleted).length <= 1)
  // Every edit may be followed by a resolution on each side of each conflict, and by no more.
  t.true(
    tree.hashes.length <= 8 * (tags.length + 2),
    `${tree.hashes.length} revisions after ${tags.length} edits`,
  )
  if (written.deleted.has(id)) return
  const body = bodyOf(nodes[0]!, id)!
  const numbers = written.numbers.get(id) ?? []
  if (name === 'union' || name === 'merged') {
    for (const tag of tags) t.true((body['tags'] as string[]).includes(tag), `${tag} is kept`)
  }
  if (name === 'union') t.deepEqual([body['high'], body['low']], [Math.max(...numbers), Math.min(...numbers)])
}

test('nodes that resolve the same leaves at the same time write the same revisions', async t => {
  for (const rule of Object.values(POLICIES)) {
    const nodes = await Promise.all([1, 2, 3].map(() => policyNode()))
    const leaf = (digit: string, at: number) => ({
      _id: 'a',
      _rev: `1-${digit.repeat(32)}`,
      at,
      n: at * 30,
      tags: [digit],
      _attachments: { [digit]: attachmentOf(digit) },
    })
    const all = [leaf('a', 3), leaf('b', 2), leaf('c', 1)]
    for (const [index, { database }] of nodes.entries()) {
      const turned = [...all.slice(index), ...all.slice(0, index)]
      for (const one of turned) await write(database, [one], { replicated: true })
      await write(database, [{ _id: '_design/policy', conflicts: [rule] }])
    }
    await Promise.all(nodes.map(({ resolver }) => resolver.idle()))
    for (const node of nodes) {
      t.is(node.database.state.conflicts, 0)
      t.deepEqual(shapeOf(node, 'a'), shapeOf(nodes[0]!, 'a'))
    }
    t.is(await converge(nodes), 1, 'there is nothing left to replicate')
    await Promise.all(nodes.map(node => node.close()))
  }
})
