import { decodeTree, encodeTree } from '../protocol/revtree/codec.ts'
import { mergePath } from '../protocol/revtree/merge.ts'
import { stem } from '../protocol/revtree/stem.ts'
import { emptyTree, nodeCount } from '../protocol/revtree/tree.ts'
import type { RevTree } from '../protocol/revtree/tree.ts'

/**
 * The cost of one edit for its document's tree: decode, append a revision, stem, encode. In microseconds for the whole tree
 * and for each of its revisions, so that what grows faster than the tree shows. Run: `npx tsx bench/revtree.ts`.
 */
const hash = (at: number): string => (at * 2654435761).toString(16).padStart(32, '0').slice(-32)

function line(length: number): RevTree {
  const hashes = Array.from({ length }, (_, at) => hash(length - at))
  return mergePath(emptyTree, { start: length, hashes, value: { deleted: false, body: 1_000_000 } }).tree
}

/** Branches of equal length from one first revision. */
function bush(size: number, leafCount: number): RevTree {
  const length = Math.floor((size - 1) / leafCount)
  let tree = line(1)
  for (let branch = 0; branch < leafCount; branch++) {
    const hashes = Array.from({ length }, (_, at) => hash((branch + 1) * 100_000 + length - at))
    const path = {
      start: length + 1,
      hashes: [...hashes, hash(1)],
      value: { deleted: false, body: branch + 1 },
    }
    tree = mergePath(tree, path).tree
  }
  return tree
}

/** Microseconds of the fastest of several rounds. */
function time(work: () => unknown): number {
  let best = Infinity
  let times = 1
  for (let round = 0; round < 12;) {
    const start = process.hrtime.bigint()
    for (let turn = 0; turn < times; turn++) work()
    const elapsed = Number(process.hrtime.bigint() - start) / 1000
    if (elapsed < 10_000) {
      times *= 2
      continue
    }
    best = Math.min(best, elapsed / times)
    round++
  }
  return best
}

function measure(name: string, tree: RevTree): void {
  const bytes = encodeTree(tree)
  const size = nodeCount(tree)
  const last = size - 1
  const start = tree.generations[last]! + 1
  const edit = { start, hashes: [hash(7), tree.hashes[last]!], value: { deleted: false, body: 9 } }
  const grown = mergePath(tree, edit).tree
  const work = {
    decode: (): unknown => decodeTree(bytes),
    merge: (): unknown => mergePath(tree, edit),
    stem: (): unknown => stem(grown, 1000),
    encode: (): unknown => encodeTree(grown),
    edit: (): unknown => encodeTree(stem(mergePath(decodeTree(bytes), edit).tree, 1000)),
  }
  const row: Record<string, string | number> = { tree: name, revisions: size, bytes: bytes.length }
  for (const [step, run] of Object.entries(work)) row[`${step} µs`] = Number(time(run).toFixed(2))
  row['edit µs/revision'] = Number((Number(row['edit µs']) / size).toFixed(3))
  rows.push(row)
}

const rows: Record<string, string | number>[] = []
const first = { start: 1, hashes: [hash(1)], value: { deleted: false, body: 1_000_000 } }
const create = time(() => encodeTree(mergePath(emptyTree, first).tree))
console.log(`a new document: merge and encode ${create.toFixed(3)} µs`)
for (const size of [1, 10, 100, 1000, 10_000]) measure('line', line(size))
for (const size of [1000, 10_000]) measure('300 leaves', bush(size, 300))
console.table(rows)
