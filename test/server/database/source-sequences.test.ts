import test from 'ava'
import fc from 'fast-check'
import {
  ownBefore,
  type SourceSequences,
  whenFollowing,
  withPoint,
} from '../../../server/database/source-sequences.ts'

const NEW: SourceSequences = { instance: null, points: [], isWhole: true, end: null }

/** A step of a model: the source changes a document, or the follower takes what it fetched before, or a point is noted. */
type Step =
  | { readonly kind: 'change'; readonly id: number }
  | { readonly kind: 'fetch'; readonly count: number }
  | { readonly kind: 'write'; readonly which: number }
  | { readonly kind: 'read_own' }
  | { readonly kind: 'ask_source' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('change' as const), id: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('fetch' as const), count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('write' as const), which: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'read_own' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'ask_source' as const }) },
)

/** Follows the steps: batches are fetched with the newest version of each document, and written in any order. */
function run(steps: readonly Step[]) {
  const source: { id: number; version: number }[] = []
  const follower: { id: number; version: number }[] = []
  const batches: { id: number; version: number }[][] = []
  let fetched = 0
  let own: number | undefined
  let sequences = NEW
  const newest = (id: number): number => source.findLast(change => change.id === id)!.version
  const has = (id: number): number =>
    Math.max(0, ...follower.filter(row => row.id === id).map(row => row.version))
  for (const one of steps) {
    if (one.kind === 'change') source.push({ id: one.id, version: source.length + 1 })
    if (one.kind === 'fetch') {
      const rows = source.slice(fetched, fetched + one.count)
      fetched += rows.length
      if (rows.length > 0) batches.push(rows.map(({ id }) => ({ id, version: newest(id) })))
    }
    if (one.kind === 'write' && batches.length > 0) {
      const [batch] = batches.splice(one.which % batches.length, 1)
      for (const row of batch!) if (row.version > has(row.id)) follower.push(row)
    }
    if (one.kind === 'read_own') own = follower.length
    if (one.kind === 'ask_source' && own !== undefined) {
      sequences = withPoint(sequences, 'leader', source.length, own)
      own = undefined
    }
  }
  return { source, follower, sequences }
}

test('who goes on at a follower misses no change, in whatever order batches are fetched and written', t => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.nat(60), (steps, since) => {
      const { source, follower, sequences } = run(steps)
      const seen = Math.min(since, source.length)
      const from = ownBefore(sequences.points, seen) ?? 0
      // What the reader has of a document: its version up to `seen`, and all that the follower gives it from there on.
      for (const { id, version } of follower) {
        const known = Math.max(
          0,
          ...source
            .slice(0, seen)
            .filter(one => one.id === id)
            .map(one => one.version),
        )
        const given = follower
          .slice(from)
          .filter(row => row.id === id)
          .map(row => row.version)
        if (version > known && !given.some(one => one >= version)) return false
      }
      return true
    }),
    { numRuns: 3000 },
  )
  t.pass()
})

test('a point tells nothing of a database that had documents of its own, or has another source by now', t => {
  const empty = { seq: 0, docs: 0, deletedDocs: 0 }
  const fresh = whenFollowing(undefined, empty)
  t.true(fresh.isWhole)
  t.false(whenFollowing(undefined, { seq: 3, docs: 1, deletedDocs: 0 }).isWhole)
  t.false(whenFollowing(undefined, { seq: 3, docs: 0, deletedDocs: 1 }).isWhole)
  const one = withPoint(fresh, 'a', 10, 7)
  t.deepEqual(one.points, [[10, 7]])
  const other = withPoint(one, 'b', 12, 9)
  t.false(other.isWhole)
  t.deepEqual(other.points, [[10, 7]])
  t.is(withPoint(other, 'a', 20, 19), other)
  const promoted = { ...one, end: 7 }
  t.true(whenFollowing(promoted, { seq: 7, docs: 7, deletedDocs: 0 }).isWhole)
  t.false(whenFollowing(promoted, { seq: 8, docs: 7, deletedDocs: 0 }).isWhole, 'it was written to')
  t.false(withPoint(one, 'a', 9, 8).isWhole, 'the source went back')
})

test('points are thinned, the newest last, and remain safe', t => {
  let sequences = NEW
  for (let number = 1; number <= 5000; number++) sequences = withPoint(sequences, 'a', number, number)
  t.true(sequences.points.length <= 256)
  t.is(ownBefore(sequences.points, 5000), 5000)
  t.true(ownBefore(sequences.points, 4990)! > 4900)
  for (const [source, own] of sequences.points) t.is(source, own)
})
