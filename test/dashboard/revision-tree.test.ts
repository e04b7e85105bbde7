import test from 'ava'
import {
  commonAncestor,
  compareLeaves,
  foldColumns,
  layOutTree,
  type Leaf,
  pathOf,
} from '../../dashboard/src/lib/revision-tree.ts'

const leaf = (path: string, deleted = false): Leaf => {
  const revs = path.split(' ')
  return { rev: revs[0] ?? '', deleted, path: revs }
}

//  1-a ── 2-b ── 3-c ── 4-d   winner
//           ├─── 3-e          conflict
//                  └─ (3-c) ── 4-f ── 5-g  deleted
const LEAVES = [leaf('3-e 2-b 1-a'), leaf('5-g 4-f 3-c 2-b 1-a', true), leaf('4-d 3-c 2-b 1-a')]

test('the winner is CouchDB’s: living, then the higher generation, then the higher hash', t => {
  const order = [leaf('9-a', true), leaf('2-a'), leaf('2-b'), leaf('10-a'), leaf('9-f', true)]
  t.deepEqual(
    order.sort(compareLeaves).map(({ rev }) => rev),
    ['10-a', '2-b', '2-a', '9-f', '9-a'],
  )
})

test('each branch has a row, and shared revisions are drawn once', t => {
  const { nodes, columns, rows, winner } = layOutTree(LEAVES)
  t.deepEqual({ columns, rows, winner }, { columns: 5, rows: 3, winner: '4-d' })
  t.deepEqual(
    nodes.map(({ rev, column, row, parent }) => [rev, column, row, parent]),
    [
      ['4-d', 3, 0, '3-c'],
      ['3-c', 2, 0, '2-b'],
      ['2-b', 1, 0, '1-a'],
      ['1-a', 0, 0, undefined],
      ['3-e', 2, 1, '2-b'],
      ['5-g', 4, 2, '4-f'],
      ['4-f', 3, 2, '3-c'],
    ],
  )
  t.deepEqual(
    nodes.filter(({ leaf }) => leaf?.deleted === true).map(({ rev }) => rev),
    ['5-g'],
  )
})

test('a history whose beginning was cut off is a stem', t => {
  const { nodes } = layOutTree([leaf('8-c 7-b 6-a')])
  t.deepEqual(
    nodes.filter(({ stem }) => stem).map(({ rev, column }) => [rev, column]),
    [['6-a', 0]],
  )
})

test('long runs without branches are folded, and what matters is kept', t => {
  const long = Array.from({ length: 40 }, (_, index) => `${40 - index}-a`)
  const { at, gaps } = foldColumns(
    layOutTree([leaf(long.join(' ')), leaf(`21-b ${long.slice(20).join(' ')}`)]),
  )
  t.deepEqual([...at.keys()], [0, 1, 18, 19, 20, 21, 38, 39])
  t.deepEqual([...gaps], [2, 6])
  t.is(foldColumns(layOutTree(LEAVES)).gaps.size, 0)
})

test('two leaves part behind their common ancestor', t => {
  t.is(commonAncestor(LEAVES[0] as Leaf, LEAVES[2] as Leaf), '2-b')
  t.is(commonAncestor(leaf('1-a'), leaf('1-b')), undefined)
})

test('a history is spelled out from its start', t => {
  t.deepEqual(pathOf({ start: 3, ids: ['c', 'b'] }), ['3-c', '2-b'])
})
