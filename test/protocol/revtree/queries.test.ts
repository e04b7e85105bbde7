import test from 'ava'
import { clearInterior } from '../../../protocol/revtree/compact.ts'
import { commonAncestor, findRev, history, historyNodes } from '../../../protocol/revtree/history.ts'
import { leaves, leavesOf, winner } from '../../../protocol/revtree/leaves.ts'
import { mergePath } from '../../../protocol/revtree/merge.ts'
import { missingRevs, possibleAncestors } from '../../../protocol/revtree/missing.ts'
import { removeLeaves } from '../../../protocol/revtree/purge.ts'
import { bodies, emptyTree, nodeCount } from '../../../protocol/revtree/tree.ts'
import { draw, grow, path, rev, revs } from './drawing.ts'

//  1-a ─┬─ 2-b ── 3-c
//       ├─ 2-d
//       └─ 2-e ── 3-f (deleted)
const tree = mergePath(grow('1-a 2-b 3-c', '1-a 2-d'), path('1-a 2-e 3-f', { deleted: true, body: 3 })).tree

test('live leaves come before deleted ones, then higher generations, then greater hashes', t => {
  const more = mergePath(tree, path('1-a 2-b 3-b')).tree
  t.deepEqual(
    leaves(more).map(leaf => leaf.rev),
    revs('3-c 3-b 2-d 3-f'),
  )
  t.is(winner(more).rev, rev('3-c'))
  t.deepEqual(winner(grow('1-a')), { rev: rev('1-a'), deleted: false, body: 1 })
})

test('a revision is found with its value, and whether it is a leaf', t => {
  t.deepEqual(findRev(tree, rev('3-f')), { rev: rev('3-f'), deleted: true, body: 3, isLeaf: true })
  t.deepEqual(findRev(tree, rev('2-b')), { rev: rev('2-b'), deleted: false, body: 0, isLeaf: false })
  t.is(findRev(tree, rev('2-f')), undefined)
  t.is(findRev(emptyTree, rev('2-f')), undefined)
})

test('a history goes from a revision to its root, newest first', t => {
  t.deepEqual(history(tree, rev('3-f')), { start: 3, ids: ['f', 'e', 'a'] })
  t.deepEqual(history(tree, rev('2-d')), { start: 2, ids: ['d', 'a'] })
  t.is(history(tree, rev('4-x')), undefined)
  t.deepEqual(
    historyNodes(tree, rev('3-c')).map(node => node.body),
    [1, 0, 0],
  )
})

test('a tree that is asked for all its revisions answers as one that is asked for each alone', t => {
  const long = Array.from({ length: 100 }, (_, at) => `${at + 3}-g`).join(' ')
  for (const line of ['2-e 3-g 4-h', `2-e ${long}`]) {
    const fresh = () => mergePath(tree, path(line)).tree
    const asked = fresh()
    for (const one of revs('1-a 2-b 3-c 2-d 2-e 3-f 3-g 4-h 4-g 99-g 102-g 103-g 4-x 1-x')) {
      t.deepEqual(findRev(asked, one), findRev(fresh(), one), one)
      t.deepEqual(history(asked, one), history(fresh(), one), one)
    }
  }
})

test('the leaves of a revision are those that descend from it', t => {
  const of = (one: string): string[] => leavesOf(tree, rev(one)).map(leaf => leaf.rev)
  t.deepEqual(of('1-a'), ['3-c', '2-d', '3-f'])
  t.deepEqual(of('2-b'), ['3-c'])
  t.deepEqual(of('3-c'), ['3-c'])
  t.deepEqual(of('3-x'), [])
})

test('missing revisions are sorted by generation and hash, each once', t => {
  t.deepEqual(missingRevs(tree, revs('9-x 3-y 1-a 3-x 1-x 0-x 2-b 3-y')), revs('0-x 1-x 3-x 3-y 9-x'))
  t.deepEqual(missingRevs(tree, revs('1-a 1-a 2-b 3-c 2-d 2-e 3-f')), [])
  t.deepEqual(missingRevs(tree, revs('3-x')), revs('3-x'))
  t.deepEqual(missingRevs(tree, revs('3-c')), [])
})

test('of an unknown document all revisions are missing, as they were asked for', t => {
  t.deepEqual(missingRevs(emptyTree, revs('3-a 1-b 2-c')), revs('3-a 1-b 2-c'))
})

test('possible ancestors are the leaves below the highest missing generation, deleted ones last', t => {
  t.deepEqual(possibleAncestors(tree, revs('2-x 4-x')), revs('3-c 2-d 3-f'))
  t.deepEqual(possibleAncestors(tree, revs('3-x')), revs('2-d'))
  t.deepEqual(possibleAncestors(tree, revs('2-x')), [])
})

test('purging a leaf takes the ancestors that no other leaf has', t => {
  const purged = removeLeaves(tree, revs('3-f 2-b 3-c 7-q'))
  t.deepEqual(draw(purged.tree), ['1-a 2-d'])
  t.deepEqual(purged.removed, revs('3-f 3-c'))
  t.is(nodeCount(removeLeaves(purged.tree, revs('2-d')).tree), 0)
  t.is(removeLeaves(tree, revs('1-a 2-b')).tree, tree)
})

test('purging joins roots that share revisions, and takes a shared leaf from the younger root first', t => {
  const shared = grow('1-a', '2-b 3-c', '1-a 2-b', '9-z')
  t.deepEqual(draw(removeLeaves(shared, revs('9-z')).tree), ['1-a 2-b 3-c'])
  const twice = grow('1-a 2-b', '2-x', '2-y 3-z', '1-a 2-x')
  t.deepEqual(draw(twice), ['1-a 2-b', '1-a 2-x', '2-x', '2-y 3-z'])
  t.deepEqual(draw(removeLeaves(twice, revs('2-x')).tree), ['1-a 2-b', '1-a 2-x', '2-y 3-z'])
  t.deepEqual(removeLeaves(twice, revs('2-x 2-x 3-z 2-b')).removed, revs('2-x 2-b 2-x 3-z'))
})

test('compaction forgets the bodies of revisions that are not leaves', t => {
  const stored = mergePath(tree, path('1-a 2-b', { body: 9, deleted: true })).tree
  t.deepEqual([...bodies(stored)], [9, 1, 2, 3])
  const compacted = clearInterior(stored)
  t.deepEqual(compacted.freed, [9])
  t.deepEqual([...bodies(compacted.tree)], [1, 2, 3])
  t.deepEqual(findRev(compacted.tree, rev('2-b')), {
    rev: rev('2-b'),
    deleted: false,
    body: 0,
    isLeaf: false,
  })
  t.is(clearInterior(compacted.tree).tree, compacted.tree)
})

test('the common ancestor is the newest revision that all live leaves descend from', t => {
  const of = (tree: Parameters<typeof commonAncestor>[0]) => commonAncestor(tree)?.rev
  t.is(of(tree), rev('1-a'))
  t.is(of(grow('1-a 2-b 3-c', '1-a 2-b 3-d 4-e')), rev('2-b'))
  t.is(of(grow('1-a 2-b 3-c', '1-a 2-b 3-d', '1-a 2-x')), rev('1-a'))
  const deletedBeside = mergePath(grow('1-a 2-b 3-c', '1-a 2-b 3-d'), path('1-a 2-x', { deleted: true })).tree
  t.is(of(deletedBeside), rev('2-b'))
  t.is(of(grow('1-a 2-b', '1-x 2-y')), undefined)
  t.is(of(emptyTree), undefined)
})
