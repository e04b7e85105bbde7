import test from 'ava'
import { commonSession, makeCheckpoint, statsOf, zeroStats } from '../../protocol/checkpoint.ts'
import type { CheckpointSession, SourceSeq } from '../../protocol/checkpoint.ts'

const at = new Date('2026-11-21T03:23:42Z')

function session(id: string, seq: SourceSeq): CheckpointSession {
  const facts = {
    sessionId: id,
    startTime: at,
    endTime: at,
    startSeq: 0,
    throughSeq: seq,
    stats: zeroStats(),
  }
  const [made] = makeCheckpoint(facts, [], false).history
  if (!made) throw new Error('no session')
  return made
}

function checkpoint(...sessions: readonly CheckpointSession[]): object {
  return {
    session_id: sessions[0]?.session_id,
    source_last_seq: sessions[0]?.recorded_seq,
    history: sessions,
  }
}

test('a checkpoint has the members that CouchDB writes, in its order', t => {
  const stats = { ...zeroStats(), missingChecked: 3, docsRead: 2 }
  const made = makeCheckpoint(
    { sessionId: 's', startTime: at, endTime: at, startSeq: 0, throughSeq: '3-x', stats },
    [],
    false,
  )
  t.is(
    JSON.stringify(made),
    '{"session_id":"s","source_last_seq":"3-x","replication_id_version":4,"history":[{"session_id":"s",' +
      '"start_time":"Sat, 21 Nov 2026 03:23:42 GMT","end_time":"Sat, 21 Nov 2026 03:23:42 GMT","start_last_seq":0,' +
      '"end_last_seq":"3-x","recorded_seq":"3-x","missing_checked":3,"missing_found":0,"docs_read":2,' +
      '"docs_written":0,"doc_write_failures":0,"bulk_get_docs":0,"bulk_get_attempts":0}]}',
  )
})

test('a replication by document ids repeats its counters beside the history', t => {
  const facts = { sessionId: 's', startTime: at, endTime: at, startSeq: 0, throughSeq: 1, stats: zeroStats() }
  t.deepEqual(Object.keys(makeCheckpoint(facts, [], true)).slice(3), [
    'start_time',
    'end_time',
    'docs_read',
    'docs_written',
    'doc_write_failures',
    'history',
  ])
})

test('no more than fifty sessions are kept', t => {
  const before = Array.from({ length: 60 }, (_, i) => session(`s${i}`, i))
  const facts = {
    sessionId: 'new',
    startTime: at,
    endTime: at,
    startSeq: 0,
    throughSeq: 1,
    stats: zeroStats(),
  }
  const { history } = makeCheckpoint(facts, before, false)
  t.is(history.length, 50)
  t.is(history[0]?.session_id, 'new')
})

test('the same last session is where both stand', t => {
  const both = checkpoint(session('b', '2-x'), session('a', '1-x'))
  const { since, history } = commonSession(both, both)
  t.is(since, '2-x')
  t.deepEqual(
    history.map(({ session_id }) => session_id),
    ['b', 'a'],
  )
})

test('within one session the side that is behind counts', t => {
  const ahead = checkpoint(session('a', '9-x'))
  const behind = checkpoint(session('a', '4-x'))
  t.is(commonSession(ahead, behind).since, '4-x')
  t.is(commonSession(behind, ahead).since, '4-x')
})

test('a session of one side is found deeper in the other history', t => {
  const [a, b, c] = [session('a', 1), session('b', 2), session('c', 3)]
  t.is(commonSession(checkpoint(c, b, a), checkpoint(b, a)).since, 2)
  t.is(commonSession(checkpoint(b, a), checkpoint(c, b, a)).since, 2)
  t.is(commonSession(checkpoint(session('x', 9), a), checkpoint(session('y', 8), a)).since, 1)
})

test('without a common session it starts over', t => {
  const nothing = { since: 0, history: [] }
  t.deepEqual(commonSession(undefined, checkpoint(session('a', 1))), nothing)
  t.deepEqual(commonSession(checkpoint(session('b', 1)), checkpoint(session('a', 1))), nothing)
  t.deepEqual(commonSession({ last_seq: 3, session_id: 'p', history: [] }, undefined), nothing)
  t.deepEqual(commonSession({ history: 'x' }, { history: [1, null] }), nothing)
})

test('the next session counts on from the one it follows', t => {
  const last = { ...session('a', 1), docs_written: 7 }
  t.is(statsOf(commonSession(checkpoint(last), checkpoint(last)).last).docsWritten, 7)
  t.deepEqual(statsOf({ docs_read: 'x' } as unknown as CheckpointSession), zeroStats())
})
