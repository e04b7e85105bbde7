import test from 'ava'
import { parseDocId } from '../../../../protocol/document-id.ts'
import { changesSpace, type RankedCommit } from '../../../../server/database/ranks/ranked-space.ts'
import { DatabaseKeys, numberOfKey } from '../../../../server/storage/keys.ts'

const space = changesSpace(new DatabaseKeys(1))

function commitOf(changes: readonly (readonly [seq: number, previousSeq: number])[]): RankedCommit {
  return {
    seq: changes.at(-1)![0],
    changes: changes.map(([seq, previousSeq]) => ({
      seq,
      id: parseDocId(`doc-${seq}`),
      previousSeq,
      wasLive: previousSeq > 0,
      isLive: true,
    })),
    removals: [],
  }
}

function counted(commits: readonly RankedCommit[]): (readonly [seq: number, keys: number])[] {
  return space.changesOfAll!(commits).map(({ text, keys }) => [numberOfKey(space.keyOf(text)), keys] as const)
}

test('sequences that come are counted in runs, and the greatest stands alone', t => {
  const commit = commitOf(Array.from({ length: 200 }, (_, index) => [index + 1001, 0] as const))
  t.deepEqual(counted([commit]), [
    [1001, 64],
    [1065, 64],
    [1129, 64],
    [1193, 7],
    [1200, 1],
  ])
})

test('sequences that went lie in front, and those that came and went are not counted', t => {
  const first = commitOf([
    [11, 7],
    [12, 0],
    [13, 3],
  ])
  const second = commitOf([
    [14, 12],
    [15, 13],
  ])
  t.deepEqual(counted([first, second]), [
    [3, -1],
    [7, -1],
    [11, 2],
    [15, 1],
  ])
})
