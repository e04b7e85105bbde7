import test from 'ava'
import { stem } from '../../../protocol/revtree/stem.ts'
import { draw, grow } from './drawing.ts'

test('a line keeps its newest revisions', t => {
  const tree = grow('1-a 2-b 3-c 4-d')
  t.deepEqual(draw(stem(tree, 3)), ['2-b 3-c 4-d'])
  t.deepEqual(draw(stem(tree, 1)), ['4-d'])
  t.is(stem(tree, 4), tree)
})

//  1-a ─┬─ 2-b
//       └─ 2-c ── 3-d
test('a revision stays while any leaf needs it, so that the longer branch keeps it too', t => {
  const tree = grow('1-a 2-b', '1-a 2-c 3-d')
  t.is(stem(tree, 2), tree)
  t.deepEqual(draw(stem(tree, 1)), ['2-b', '3-d'])
})

//  1-a ─┬─ 2-b ── 3-c ── 4-d
//       └─ 2-e
test('where a branch loses its beginning, it becomes a root', t => {
  t.deepEqual(draw(stem(grow('1-a 2-b 3-c 4-d', '1-a 2-e'), 2)), ['1-a 2-e', '3-c 4-d'])
})

//  1-a ── 2-b ── 3-c ─┬─ 4-d
//                     └─ 4-e
test('branches that fork within the limit stay together', t => {
  t.deepEqual(draw(stem(grow('1-a 2-b 3-c 4-e', '3-c 4-d'), 2)), ['3-c 4-d', '3-c 4-e'])
})

//  1-a ── 2-b        2-b ── 3-c
test('roots that share revisions are joined', t => {
  const tree = grow('1-a', '2-b 3-c', '1-a 2-b')
  t.deepEqual(draw(tree), ['1-a 2-b', '2-b 3-c'])
  t.deepEqual(draw(stem(tree, 1000)), ['1-a 2-b 3-c'])
})

test('bodies of joined roots are kept', t => {
  const joined = stem(grow('1-a', '2-b 3-c', '1-a 2-b'), 1000)
  t.deepEqual(joined.bodies, [1, 3, 2])
})

//  1-a ─┬─ 2-b          the hash a is there at generations 1 and 3
//       └─ 2-c ── 3-a
test('where a hash occurs twice each history is cut by itself', t => {
  t.deepEqual(draw(stem(grow('1-a 2-b', '1-a 2-c 3-a'), 2)), ['1-a 2-b', '2-c 3-a'])
})
