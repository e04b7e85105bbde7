import test from 'ava'
import { markNow, seqOlderThan } from '../../../server/retention/age-marks.ts'
import type { AgeMark } from '../../../server/database/retention/retention-state.ts'

const DAY = 86_400_000

test('a change is as old as the first mark behind it', t => {
  let marks: readonly AgeMark[] = []
  for (let day = 0; day <= 10; day++) marks = markNow(marks, day * DAY, day * 10, [30 * DAY])
  t.is(seqOlderThan(marks, 10 * DAY, 3 * DAY), 70)
  t.is(seqOlderThan(marks, 10 * DAY, 10 * DAY), 0)
  t.is(seqOlderThan(marks, 40 * DAY, 30 * DAY), 100)
})

test('marks stay few, however long and however often they are made', t => {
  let marks: readonly AgeMark[] = []
  for (let minute = 0; minute < 60_000; minute++) marks = markNow(marks, minute * 60_000, minute, [7 * DAY])
  t.true(marks.length <= 67, `${marks.length} marks`)
  const now = 59_999 * 60_000
  const expected = (now - 7 * DAY) / 60_000
  const found = seqOlderThan(marks, now, 7 * DAY)
  t.true(found <= expected && found > expected - (7 * 24 * 60) / 32, `${found} of ${expected}`)
})

test('a clock that was set back makes nothing older, and a later one begins again', t => {
  let marks = markNow([], 1000 * DAY, 5, [DAY])
  marks = markNow(marks, 1 * DAY, 9, [DAY])
  t.is(seqOlderThan(marks, 1.5 * DAY, DAY), 0)
  marks = markNow(marks, 2 * DAY, 9, [DAY])
  t.true(seqOlderThan(marks, 3 * DAY, DAY) >= 5)
})

test('an age of nothing is everything there is', t => {
  t.is(seqOlderThan(markNow([], 5, 7, [0]), 5, 0), 7)
  t.is(seqOlderThan(markNow(markNow([], 5, 7, [0]), 5, 9, [0]), 5, 0), 9)
})
