import test from 'ava'
import { decodeTree, encodeTree } from '../../../protocol/revtree/codec.ts'
import { mergePath } from '../../../protocol/revtree/merge.ts'
import { emptyTree } from '../../../protocol/revtree/tree.ts'
import { grow } from './drawing.ts'

const HASH = '917fa2381192822767f010b95b45325b'

test('a tree of one revision takes 25 bytes or less, 32 with the largest numbers', t => {
  const one = (start: number, body: number): number =>
    encodeTree(mergePath(emptyTree, { start, hashes: [HASH], value: { deleted: false, body } }).tree).length
  t.true(one(1, 1_000_000_000) <= 25)
  t.true(one(1, 2 ** 48 - 1) <= 32)
  t.true(one(999_999_999_999_999, 1_000_000) <= 32)
})

test('decoding gives the tree that was encoded, from an offset too', t => {
  const trees = [
    emptyTree,
    grow(`1-${HASH}`),
    grow(
      `1-${HASH} 2-a`,
      `1-${HASH} 2-${'f'.repeat(32)} 3-`,
      `999999999999999-${'x'.repeat(33)}`,
      '0-ä',
      `2-${'ä'.repeat(32)}`,
    ),
    grow(`4294967296-${HASH} 4294967297-${HASH}`, `3-${HASH} 4-${HASH}`, `3-${HASH} 4-${'0'.repeat(32)}`),
  ]
  for (const tree of trees) {
    const encoded = encodeTree(tree)
    t.deepEqual(decodeTree(encoded), tree)
    t.deepEqual(decodeTree(Uint8Array.from([1, 2, 3, ...encoded]), 3), tree)
  }
})

test('the encoding is the one that databases on disk hold', t => {
  const tree = grow(`1-${'aa'.repeat(16)} 2-${'bb'.repeat(16)}`, `1-${'aa'.repeat(16)} 2-${'cc'.repeat(16)}`)
  const rows = '06' + '0102' + '0801' + '0a0002'
  t.is(
    Buffer.from(encodeTree(tree)).toString('hex'),
    rows + 'aa'.repeat(16) + 'bb'.repeat(16) + 'cc'.repeat(16),
  )
})
