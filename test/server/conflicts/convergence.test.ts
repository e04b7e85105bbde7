import test from 'ava'
import { attachmentOf, converge, POLICIES, policyNode, shapeOf } from '../../helpers/policy-nodes.ts'
import { write } from '../../helpers/write.ts'

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
