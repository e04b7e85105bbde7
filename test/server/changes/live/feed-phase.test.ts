import test from 'ava'
import { mayFollow, type FeedPhase } from '../../../../server/changes/live/feed-phase.ts'

const NAMES: readonly FeedPhase['name'][] = ['new', 'backfill', 'cutover', 'live', 'ended']

test('a live feed becomes live through cutover alone, and nothing follows its end', t => {
  t.deepEqual(
    NAMES.filter(phase => mayFollow('live', phase)),
    ['cutover'],
  )
  t.deepEqual(
    NAMES.filter(phase => mayFollow(phase, 'ended')),
    [],
  )
  t.deepEqual(
    NAMES.filter(phase => mayFollow('ended', phase)),
    ['backfill', 'cutover', 'live'],
  )
})
