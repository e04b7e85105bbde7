import test from 'ava'
import { findRev } from '../../../protocol/revtree/history.ts'
import { mergePath } from '../../../protocol/revtree/merge.ts'
import { emptyTree } from '../../../protocol/revtree/tree.ts'
import { draw, grow, path, rev } from './drawing.ts'

test('the first path is the tree', t => {
  const { tree, outcome } = mergePath(emptyTree, path('3-c 4-d'))
  t.deepEqual(draw(tree), ['3-c 4-d'])
  t.is(outcome, 'new_leaf')
})

//  1-a ── 2-b   +   2-b ── 3-c
test('a path that begins at a leaf extends it', t => {
  const { tree, outcome } = mergePath(grow('1-a 2-b'), path('2-b 3-c'))
  t.deepEqual(draw(tree), ['1-a 2-b 3-c'])
  t.is(outcome, 'new_leaf')
})

//  1-a ── 2-b ── 3-c   +   1-a ── 2-x
test('a path that leaves a known one is a branch, and siblings are in order of their hashes', t => {
  const tree = grow('1-a 2-m 3-c')
  const after = mergePath(tree, path('1-a 2-x'))
  const before = mergePath(tree, path('1-a 2-d 3-e'))
  t.deepEqual(draw(after.tree), ['1-a 2-m 3-c', '1-a 2-x'])
  t.deepEqual(draw(before.tree), ['1-a 2-d 3-e', '1-a 2-m 3-c'])
  t.is(after.outcome, 'new_branch')
  t.is(before.outcome, 'new_branch')
})

//  1-a ─┬─ 2-b ── 3-c        +  1-a ── 2-d ── 3-f
//       ├─ 2-d ── 3-e
//       └─ 2-g
test('a branch may begin deep in another, between its siblings', t => {
  const tree = grow('1-a 2-b 3-c', '1-a 2-d 3-e', '1-a 2-g')
  const { tree: grown, outcome } = mergePath(tree, path('1-a 2-d 3-f'))
  t.deepEqual(draw(grown), ['1-a 2-b 3-c', '1-a 2-d 3-e', '1-a 2-d 3-f', '1-a 2-g'])
  t.is(outcome, 'new_branch')
})

//  1-a ─┬─ 2-b          +  1-a ── 2-b ── 3-c
//       └─ 2-d ── 3-e
test('extending a leaf beside other branches is a new leaf', t => {
  const { tree, outcome } = mergePath(grow('1-a 2-b', '1-a 2-d 3-e'), path('1-a 2-b 3-c'))
  t.deepEqual(draw(tree), ['1-a 2-b 3-c', '1-a 2-d 3-e'])
  t.is(outcome, 'new_leaf')
})

test('a path whose newest revision is known changes nothing', t => {
  const tree = grow('1-a 2-b 3-c')
  for (const known of ['1-a', '1-a 2-b', '2-b', '2-b 3-c', '3-c']) {
    const merged = mergePath(tree, path(known, { body: 0 }))
    t.is(merged.tree, tree)
    t.is(merged.outcome, 'internal_node')
  }
})

test('a revision known by name only takes the body that arrives; a stored one keeps its own', t => {
  const tree = grow('1-a 2-b 3-c')
  const filled = mergePath(tree, path('1-a 2-b', { body: 7, deleted: true }))
  t.is(filled.outcome, 'internal_node')
  t.deepEqual(findRev(filled.tree, rev('2-b')), { rev: rev('2-b'), deleted: true, body: 7, isLeaf: false })
  t.is(mergePath(filled.tree, path('1-a 2-b', { body: 8 })).tree, filled.tree)
})

//  3-c ── 4-d   +   1-a ── 2-b ── 3-c ── 4-e
test('older revisions of a path are put in front of a root that it contains', t => {
  const { tree, outcome } = mergePath(grow('3-c 4-d'), path('1-a 2-b 3-c 4-e'))
  t.deepEqual(draw(tree), ['1-a 2-b 3-c 4-d', '1-a 2-b 3-c 4-e'])
  t.is(outcome, 'new_branch')
})

test('a path that ends at a root is put in front of it, and counts as known', t => {
  const { tree, outcome } = mergePath(grow('2-b 3-c', '2-d'), path('1-z 2-d', { body: 5 }))
  t.deepEqual(draw(tree), ['1-z 2-d', '2-b 3-c'])
  t.is(outcome, 'internal_node')
})

//  2-b ── 3-c   +   1-a ── 2-x ── 3-c   : they share 3-c, but not where the younger of them begins
test('a path that overlaps in the middle only is a root of its own', t => {
  const { tree, outcome } = mergePath(grow('2-b 3-c'), path('1-a 2-x 3-c'))
  t.deepEqual(draw(tree), ['1-a 2-x 3-c', '2-b 3-c'])
  t.is(outcome, 'new_branch')
})

test('roots are tried in order and the first that fits is taken, so that roots may come to share revisions', t => {
  const tree = grow('1-a', '2-b 3-c', '1-a 2-b')
  t.deepEqual(draw(tree), ['1-a 2-b', '2-b 3-c'])
  t.deepEqual(draw(mergePath(tree, path('2-b 3-d')).tree), ['1-a 2-b 3-d', '2-b 3-c'])
})

test('a hash may occur under several parents; a path goes where it was first found', t => {
  const tree = grow('1-a 2-b 3-x', '1-a 2-c 3-x')
  t.deepEqual(draw(tree), ['1-a 2-b 3-x', '1-a 2-c 3-x'])
  t.deepEqual(draw(mergePath(tree, path('3-x 4-y')).tree), ['1-a 2-b 3-x 4-y', '1-a 2-c 3-x'])
})

test('generations may be huge, zero or negative', t => {
  const tree = grow('4294967296-a 4294967297-b', '0-z 1-y')
  const { tree: grown } = mergePath(tree, {
    start: 0,
    hashes: ['z', 'q'],
    value: { deleted: false, body: 1 },
  })
  t.deepEqual(draw(grown), ['-1-q 0-z 1-y', '4294967296-a 4294967297-b'])
})

test('hashes are in the order of their bytes: 32 hex digits are 16 bytes, others text', t => {
  const tree = grow('1-a', `1-${'61'.repeat(16)}`, '1-ab', '1-ä', `1-${'ff'.repeat(16)}`, '1-')
  t.deepEqual(draw(tree), ['1-', '1-a', `1-${'61'.repeat(16)}`, '1-ab', '1-ä', `1-${'ff'.repeat(16)}`])
})

test('a history of ten thousand revisions is no deeper than one of two', t => {
  const long = Array.from({ length: 10_000 }, (_, at) => `${at + 1}-h${at}`).join(' ')
  const { tree, outcome } = mergePath(grow(long), path(`10000-h9999 10001-new`))
  t.is(tree.hashes.length, 10_001)
  t.is(outcome, 'new_leaf')
})
