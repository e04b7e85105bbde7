import test from 'ava'
import { Divergence, type Look } from '../../../replicator/verification/divergence.ts'
import { FailureLog } from '../../../server/replication/failure-log.ts'

/** A comparison that finds these documents, each lacking the revisions. */
function look(missing: Record<string, string[]>, others: Partial<Look> = {}): Look {
  const at = new Date()
  return {
    startedAt: at,
    endedAt: at,
    seq: 10,
    passed: () => true,
    missing: new Map(Object.entries(missing).map(([id, revs]) => [id, { id, revs }])),
    untracked: 0,
    ...others,
  }
}

const refusal = (id: string, rev = '1-a') => ({ id, rev, status: 403, error: 'forbidden', reason: 'no' })
const ids = ({ documents }: Divergence): string[] => documents.map(({ id }) => id).sort()

test('what differs once may be on its way; what lacks the same revision when the job has passed it stays different', t => {
  const divergence = new Divergence(FailureLog.inMemory())
  divergence.looked(look({ gone: ['1-a'], stays: ['1-a'], moves: ['1-a'] }))
  t.like(divergence.report, { documents: 0, inFlight: 3, since: null })
  divergence.looked(look({ stays: ['1-a'], moves: ['2-b'] }))
  t.deepEqual(ids(divergence), ['stays'])
  t.like(divergence.report, { documents: 1, inFlight: 1 })
  divergence.looked(look({}))
  t.like(divergence.report, { documents: 0, inFlight: 0, since: null, first: [] })
})

test('while the job has not come to where the source was, everything is on its way', t => {
  const divergence = new Divergence(FailureLog.inMemory())
  const late = { passed: ({ seq }: { seq: unknown }) => seq !== 10 }
  divergence.looked(look({ a: ['1-a'] }, late))
  for (let n = 0; n < 3; n++) divergence.looked(look({ a: ['1-a'] }, { ...late, seq: 11 }))
  t.like(divergence.report, { documents: 0, inFlight: 1 }, 'the sequence of the first comparison counts')
})

test('a document that stays different keeps its time when other revisions are missing', t => {
  const divergence = new Divergence(FailureLog.inMemory())
  divergence.looked(look({ a: ['1-a'] }))
  divergence.looked(look({ a: ['1-a'] }))
  const { since } = divergence.report
  divergence.looked(look({ a: ['2-b'] }, { endedAt: new Date(Date.now() + 5_000) }))
  t.deepEqual(divergence.report.since, since)
  t.deepEqual(divergence.documents[0]?.revs, ['2-b'])
})

test('refused documents differ at once, once each, and go when a comparison finds them', t => {
  const refusals = FailureLog.inMemory()
  const divergence = new Divergence(refusals)
  refusals.add(refusal('a'))
  refusals.add(refusal('a', '1-b'))
  refusals.add({ ...refusal('odd'), error: 'not_asked_for' })
  t.like(divergence.report, { documents: 1, refused: 1 })
  const later = { startedAt: new Date(Date.now() + 1_000) }
  divergence.looked(look({ a: ['1-a', '1-b'] }, later))
  t.like(divergence.report, { documents: 1, refused: 1, inFlight: 0 }, 'it is not on its way as well')
  divergence.looked(look({ a: ['1-b'] }, later))
  t.deepEqual(divergence.documents[0]?.revs, ['1-b'])
  divergence.looked(look({}, later))
  t.is(divergence.report.documents, 0)
})

test('what was refused while a comparison ran is not taken for accepted', t => {
  const refusals = FailureLog.inMemory()
  const divergence = new Divergence(refusals)
  const startedAt = new Date(Date.now() - 1_000)
  refusals.add(refusal('a'))
  divergence.looked(look({}, { startedAt }))
  t.deepEqual(ids(divergence), ['a'])
})

test('refusals beyond the list are counted until a comparison has found everything', t => {
  const refusals = FailureLog.inMemory()
  for (let n = 0; n < 1_010; n++) refusals.add(refusal(`d${n}`))
  const divergence = new Divergence(refusals)
  t.like(divergence.report, { documents: 1_010, refused: 1_010 })
  divergence.looked(look({}, { untracked: 5, startedAt: new Date(0) }))
  t.like(divergence.report, { documents: 1_010, inFlight: 5 })
  divergence.looked(look({}, { startedAt: new Date(0) }))
  t.is(divergence.report.documents, 1_000)
})

test('a divergence that is stored and read again is the same', t => {
  const divergence = new Divergence(FailureLog.inMemory())
  divergence.looked(look({ a: ['1-a'] }))
  divergence.looked(look({ a: ['1-a'], b: ['1-b'] }))
  divergence.repaired({ at: new Date().toISOString(), documents: 2, repaired: 1, failed: 1, reason: 'x' }, [])
  divergence.failed('unreachable')
  const copy = new Divergence(FailureLog.inMemory(), divergence.stored)
  t.deepEqual(copy.report, divergence.report)
  t.deepEqual(copy.stored, divergence.stored)
  copy.looked(look({ b: ['1-b'] }))
  t.deepEqual(ids(copy), ['b'], 'what was on its way before is known')
})
