import { deepStrictEqual as equal } from 'node:assert'
import test from 'ava'
import fc from 'fast-check'
import { holds } from './holds.ts'
import { decodeTree, encodeTree } from '../../../protocol/revtree/codec.ts'
import { findRev, history } from '../../../protocol/revtree/history.ts'
import { leaves, winner } from '../../../protocol/revtree/leaves.ts'
import { mergePath } from '../../../protocol/revtree/merge.ts'
import type { RevPath } from '../../../protocol/revtree/merge.ts'
import { missingRevs } from '../../../protocol/revtree/missing.ts'
import { removeLeaves } from '../../../protocol/revtree/purge.ts'
import { stem } from '../../../protocol/revtree/stem.ts'
import { emptyTree, nodeAt, nodeCount } from '../../../protocol/revtree/tree.ts'
import type { RevTree } from '../../../protocol/revtree/tree.ts'
import { makeRev } from '../../../protocol/revision.ts'
import type { Rev } from '../../../protocol/revision.ts'

/** The full histories of all revisions of a random document: each is a child of an earlier one, or a first edit. */
const fullHistories: fc.Arbitrary<RevPath[]> = fc
  .array(fc.record({ parent: fc.nat(), first: fc.nat(9), hex: fc.nat(0xffff), deleted: fc.boolean() }), {
    minLength: 1,
    maxLength: 30,
  })
  .map(edits => {
    const paths: RevPath[] = []
    edits.forEach(({ parent, first, hex, deleted }, at) => {
      const base = first === 0 ? [] : (paths[parent % Math.max(paths.length, 1)]?.hashes ?? [])
      const hash = hashOfEdit(hex, at)
      paths.push({ start: base.length + 1, hashes: [hash, ...base], value: { deleted, body: at + 1 } })
    })
    return paths
  })

function hashOfEdit(hex: number, at: number): string {
  const text = hex.toString(16) + '-' + at
  return hex % 5 === 0 ? text : Buffer.from(text.padEnd(16, '.')).toString('hex').slice(0, 32)
}

function growAll(paths: readonly RevPath[], tree: RevTree = emptyTree): RevTree {
  return paths.reduce((grown, path) => mergePath(grown, path).tree, tree)
}

function newest(path: RevPath): Rev {
  return makeRev(path.start, path.hashes[0]!)
}

const shuffled = fullHistories.chain(paths =>
  fc.tuple(
    fc.constant(paths),
    fc.shuffledSubarray(paths, { minLength: paths.length, maxLength: paths.length }),
  ),
)

test('a merge loses nothing: every revision is there, with its value and history', t => {
  const check = fc.property(shuffled, ([, paths]) => {
    const tree = growAll(paths)
    equal(nodeCount(tree), paths.length)
    for (const path of paths) {
      const found = findRev(tree, newest(path))!
      equal({ deleted: found.deleted, body: found.body }, path.value)
      equal(history(tree, newest(path)), { start: path.start, ids: [...path.hashes] })
    }
  })
  holds(t, check)
})

test('full histories give the same tree and the same bytes in any order', t => {
  const check = fc.property(shuffled, ([paths, other]) => {
    const tree = growAll(paths)
    equal(growAll(other), tree)
    equal(encodeTree(growAll(other)), encodeTree(tree))
    equal(decodeTree(encodeTree(tree)), tree)
  })
  holds(t, check)
})

test('merging twice changes nothing', t => {
  const check = fc.property(shuffled, ([paths, again]) => {
    const tree = growAll(paths)
    equal(growAll(again, tree), tree)
  })
  holds(t, check)
})

test('all that was merged is known', t => {
  const check = fc.property(fullHistories, paths => {
    const revs = paths.map(newest)
    equal(missingRevs(growAll(paths), revs), [])
    equal(missingRevs(growAll(paths), [...revs, makeRev(40, 'x')]), [makeRev(40, 'x')])
  })
  holds(t, check)
})

test('stemming keeps every leaf, the winner, and exactly the revisions within the limit of some leaf', t => {
  const check = fc.property(fullHistories, fc.integer({ min: 1, max: 8 }), (paths, limit) => {
    const tree = growAll(paths)
    const stemmed = stem(tree, limit)
    equal(leaves(stemmed), leaves(tree))
    equal(winner(stemmed), leaves(tree)[0]!)
    const near = new Set<string>()
    for (const leaf of leaves(tree)) {
      const { start, ids } = history(tree, leaf.rev)!
      ids.slice(0, limit).forEach((id, at) => near.add(makeRev(start - at, id)))
    }
    const kept = Array.from({ length: nodeCount(stemmed) }, (_, row): string => nodeAt(stemmed, row).rev)
    equal(kept.toSorted(), [...near].toSorted())
    equal(stem(stemmed, limit), stemmed)
  })
  holds(t, check)
})

test('a line never grows beyond the limit, and is extended by its newest two revisions as by its whole history', t => {
  const check = fc.property(
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 30 }),
    (limit, length) => {
      let tree = emptyTree
      for (let start = 1; start <= length; start++) {
        const value = { deleted: false, body: start }
        const hashes = Array.from({ length: start }, (_, at) => `h${start - at}`)
        const short = mergePath(tree, { start, hashes: hashes.slice(0, 2), value })
        const whole = mergePath(tree, { start, hashes: hashes.slice(0, nodeCount(tree) + 1), value })
        equal(short, whole)
        equal(short.outcome, 'new_leaf')
        tree = stem(short.tree, limit)
        equal(nodeCount(tree), Math.min(start, limit))
      }
    },
  )
  holds(t, check)
})

test('what a purge removed is as before when it is merged again', t => {
  const check = fc.property(fullHistories, fc.nat(), (paths, choice) => {
    const tree = growAll(paths)
    const purged = removeLeaves(
      tree,
      leaves(tree).flatMap((leaf, at) => ((choice >> (at % 30)) & 1 ? [leaf.rev] : [])),
    )
    for (const rev of purged.removed) equal(findRev(purged.tree, rev), undefined)
    equal(growAll(paths, purged.tree), tree)
  })
  holds(t, check)
})
