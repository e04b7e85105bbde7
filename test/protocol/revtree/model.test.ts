import { deepStrictEqual as equal } from 'node:assert'
import test from 'ava'
import fc from 'fast-check'
import { holds } from './holds.ts'
import { leaves, winner } from '../../../protocol/revtree/leaves.ts'
import { mergePath } from '../../../protocol/revtree/merge.ts'
import type { RevPath } from '../../../protocol/revtree/merge.ts'
import { missingRevs } from '../../../protocol/revtree/missing.ts'
import { removeLeaves } from '../../../protocol/revtree/purge.ts'
import { stem } from '../../../protocol/revtree/stem.ts'
import { decodeTree, encodeTree } from '../../../protocol/revtree/codec.ts'
import { emptyTree, isRoot, nodeAt, nodeCount } from '../../../protocol/revtree/tree.ts'
import type { RevTree } from '../../../protocol/revtree/tree.ts'
import { makeRev } from '../../../protocol/revision.ts'
import { draw } from './drawing.ts'
import { modelMerge, modelPaths, modelRemove, modelRows, modelStem } from './model.ts'
import type { Model } from './model.ts'

/** So few hashes that roots come to share revisions and one hash stands at many places. */
const hash = fc.constantFrom('a', 'b', 'c', 'd')
const rev = fc.tuple(fc.integer({ min: 0, max: 7 }), hash).map(([generation, id]) => makeRev(generation, id))
const value = fc.record({ deleted: fc.boolean(), body: fc.constantFrom(0, 1, 2, 3, 300, 2 ** 40) })
const anyPath: fc.Arbitrary<RevPath> = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.array(hash, { minLength: 1, maxLength: 4 }), value)
  .map(([oldest, hashes, newest]) => ({ start: oldest + hashes.length - 1, hashes, value: newest }))
const anyPaths = fc.array(anyPath, { maxLength: 10 })

function rows(tree: RevTree): ReturnType<typeof modelRows> {
  return Array.from({ length: nodeCount(tree) }, (_, row) => ({
    ...nodeAt(tree, row),
    root: isRoot(tree, row),
  }))
}

function both(paths: readonly RevPath[]): { tree: RevTree; model: Model } {
  return {
    tree: paths.reduce((tree, path) => mergePath(tree, path).tree, emptyTree),
    model: paths.reduce<Model>((model, path) => modelMerge(model, path).model, []),
  }
}

test('merging gives the tree and the outcome that nested nodes give', t => {
  const check = fc.property(anyPaths, anyPath, (paths, last) => {
    const { tree, model } = both(paths)
    const merged = mergePath(tree, last)
    const expected = modelMerge(model, last)
    equal(rows(merged.tree), modelRows(expected.model))
    equal(merged.outcome, expected.outcome)
  })
  holds(t, check)
})

test('stemming gives the tree that nested nodes give', t => {
  const check = fc.property(anyPaths, fc.integer({ min: 1, max: 6 }), (paths, limit) => {
    const { tree, model } = both(paths)
    equal(rows(stem(tree, limit)), modelRows(modelStem(model, limit)))
  })
  holds(t, check)
})

test('stemming trees without repeated hashes gives what nested nodes give', t => {
  const distinct = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 5 })), {
    minLength: 1,
    maxLength: 8,
  })
  const check = fc.property(distinct, fc.integer({ min: 1, max: 6 }), (growth, limit) => {
    const { tree, model } = both(distinctPaths(growth))
    equal(rows(stem(tree, limit)), modelRows(modelStem(model, limit)))
  })
  holds(t, check)
})

/** Paths that each begin at a revision of those before, with new hashes from there on. */
function distinctPaths(growth: readonly (readonly [number, number])[]): RevPath[] {
  const known: string[][] = [[]]
  let count = 0
  return growth.map(([from, length]) => {
    const base = known[from % known.length]!
    const grown = [...base]
    for (let at = 0; at < length; at++) {
      grown.push(String.fromCharCode(97 + ((count * 7) % 26)) + String(100 + count++))
      known.push([...grown])
    }
    return { start: grown.length, hashes: grown.toReversed(), value: { deleted: false, body: count } }
  })
}

test('purging gives the tree and the order that nested nodes give', t => {
  const check = fc.property(anyPaths, fc.array(rev, { maxLength: 12 }), (paths, revs) => {
    const { tree, model } = both(paths)
    const got = removeLeaves(tree, revs)
    const expected = modelRemove(model, revs)
    equal(rows(got.tree), modelRows(expected.model))
    equal(got.removed, expected.removed)
  })
  holds(t, check)
})

test('missing revisions are those that no nested node has', t => {
  const check = fc.property(anyPaths, fc.array(rev, { maxLength: 12 }), (paths, revs) => {
    const { tree, model } = both(paths)
    const known = modelRows(model).map(row => row.rev)
    const expected = revs.filter(one => !known.includes(one))
    equal(missingRevs(tree, revs), paths.length === 0 ? revs : [...new Set(expected)].sort())
  })
  holds(t, check)
})

test('leaves and their histories are those of nested nodes', t => {
  const check = fc.property(anyPaths, paths => {
    const { tree, model } = both(paths)
    const expected = modelPaths(model).map(path => `${path.generation}-${path.nodes[0]!.hash}`)
    const got = leaves(tree).map((leaf): string => leaf.rev)
    equal(got.toSorted(), expected.toSorted())
    if (got.length > 0) equal(winner(tree), leaves(tree)[0]!)
    const drawn = modelPaths(model).map(({ generation, nodes }) =>
      nodes
        .map((node, at) => `${generation - at}-${node.hash}`)
        .reverse()
        .join(' '),
    )
    equal(draw(tree), drawn)
  })
  holds(t, check)
})

test('encoding and decoding gives the same tree', t => {
  const check = fc.property(anyPaths, paths => {
    const { tree } = both(paths)
    equal(decodeTree(encodeTree(tree)), tree)
  })
  holds(t, check)
})
