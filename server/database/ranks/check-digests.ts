import { type Digest, formatDigest, subtractDigest } from '../../../protocol/document-digest.ts'
import type { DatabaseReader } from '../reading/database-reader.ts'
import { STORAGE } from '../storage-of.ts'
import { DigestsAtMoment, type TextRange } from './digests-at-moment.ts'
import { readJournal } from './rank-journal.ts'
import { RankTree } from './rank-tree.ts'
import { documentsSpace } from './ranked-space.ts'

/**
 * Compares the digests on disk, with what the journal adds to them, with the documents. The database must not change meanwhile.
 *
 * @returns a difference in words; undefined where there is none, or where digests will be made again
 */
export async function digestDifference(database: DatabaseReader): Promise<string | undefined> {
  const { store, keys } = database[STORAGE]
  const snapshot = database.snapshot()
  try {
    const tree = new RankTree(store, keys, documentsSpace(keys))
    const root = await tree.root(snapshot)
    const journal = root && (await readJournal(snapshot, keys, root.seq))
    if (root === undefined || journal === undefined) return undefined
    const { signal } = new AbortController()
    // The same moment with no root: everything is read.
    const stored = new DigestsAtMoment(tree, root, { snapshot, pending: [journal.commit] }, signal)
    const read = new DigestsAtMoment(tree, undefined, { snapshot, pending: [] }, signal)
    const ranges: TextRange[] = [{ start: '', end: undefined }]
    for (const [index, leaf] of root.leaves.entries()) {
      const end = root.leaves[index + 1]?.start
      const starts = (await tree.read(snapshot, leaf)).map(block => block.start)
      ranges.push({ start: leaf.start, end })
      ranges.push(...starts.map((start, at): TextRange => ({ start, end: starts[at + 1] ?? end })))
    }
    for (const range of ranges) {
      const [kept, counted] = [await stored.of(range), await read.of(range)]
      if (kept.documents !== counted.documents || differ(kept.digest, counted.digest))
        return `the digest ${formatDigest(kept.digest)} of ${kept.documents} documents is that of ${counted.documents} others`
    }
    return undefined
  } finally {
    await snapshot.close()
  }
}

function differ(a: Digest, b: Digest): boolean {
  return subtractDigest(a, b).some(word => word !== 0)
}
