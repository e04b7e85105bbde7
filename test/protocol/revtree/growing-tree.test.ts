import { deepStrictEqual as equal } from 'node:assert'
import test from 'ava'
import fc from 'fast-check'
import { GrowingTree } from '../../../protocol/revtree/growing-tree.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import { mergePath, type RevPath } from '../../../protocol/revtree/merge.ts'
import { removeLeaves } from '../../../protocol/revtree/purge.ts'
import { stem } from '../../../protocol/revtree/stem.ts'
import { emptyTree, nodeCount, revAt, type RevTree } from '../../../protocol/revtree/tree.ts'
import { holds } from './holds.ts'

// Few hashes, so that revisions come again elsewhere, with one of 32 digits and the text of its 16 bytes.
const hash = fc.constantFrom('a', 'b', 'c', '6161616161616161'.repeat(2), 'aaaaaaaaaaaaaaaa')
const value = fc.record({ deleted: fc.boolean(), body: fc.nat(3) })
const paths: fc.Arbitrary<RevPath[]> = fc.array(
  fc
    .tuple(fc.integer({ min: -1, max: 4 }), fc.array(hash, { minLength: 1, maxLength: 4 }), value)
    .map(([oldest, hashes, newest]) => ({ start: oldest + hashes.length - 1, hashes, value: newest })),
  { maxLength: 20 },
)

const columns = (tree: RevTree): unknown => [tree.generations, tree.hashes, tree.flags, tree.bodies]

test('a growing tree takes the paths that a table takes, in the same places', t => {
  const check = fc.property(paths, paths, (before, after) => {
    let table = before.reduce((tree, path) => mergePath(tree, path).tree, emptyTree)
    const growing = new GrowingTree(table)
    for (const path of after) {
      const merged = mergePath(table, path)
      const placement = growing.place(path)
      equal(placement.outcome, merged.outcome)
      equal(columns(growing.tree), columns(table))
      growing.add(path, placement)
      table = merged.tree
      equal(columns(growing.tree), columns(table))
      equal(growing.leafCount, leaves(table).length)
      equal(
        growing.isDeleted,
        leaves(table).every(({ deleted }) => deleted),
      )
      for (let row = nodeCount(table) - 1; row >= 0; row--)
        equal(growing.find(revAt(table, row)) === undefined, false)
    }
  })
  holds(t, check)
})

const BRANCHES = 20_000

test('twenty thousand branches are merged, stemmed and purged in time near linear in their number', t => {
  const growing = new GrowingTree(emptyTree)
  for (let n = 0; n < BRANCHES; n++) {
    // Every revision of a repeated hash makes the tree be put together again.
    const ids = [`${n}`.padStart(32, '0'), n % 2 === 0 ? 'root' : 'other', 'root']
    const path = { start: 3, hashes: ids, value: { deleted: false, body: n + 1 } }
    growing.add(path, growing.place(path))
  }
  const stemmed = stem(growing.tree, 1000)
  t.is(leaves(stemmed).length, BRANCHES)
  const { tree, removed } = removeLeaves(stemmed, [revAt(stemmed, 2)])
  t.is(removed.length, 1)
  t.is(leaves(tree).length, BRANCHES - 1)
})
