import test from 'ava'
import {
  formatAgo,
  formatBytes,
  formatDuration,
  plural,
  seqNumber,
  shortRev,
} from '../../dashboard/src/lib/format.ts'
import { LineSplitter, Ring } from '../../dashboard/src/lib/lines.ts'
import { previewKind } from '../../dashboard/src/lib/preview-kind.ts'
import { linePath, ratesOf, type Sample, withSample } from '../../dashboard/src/lib/samples.ts'

test('sizes and durations are short', t => {
  t.deepEqual([0, 999, 1000, 4215, 99_960, 1_500_000, 3.2e15].map(formatBytes), [
    '0 bytes',
    '999 bytes',
    '1.0 KB',
    '4.2 KB',
    '100 KB',
    '1.5 MB',
    '3.2 PB',
  ])
  t.deepEqual([0.52, 12, 4200, 65_000, 7_440_000, 270_000_000].map(formatDuration), [
    '0.5 ms',
    '12 ms',
    '4.2 s',
    '1 min 5 s',
    '2 h 4 min',
    '3 d 3 h',
  ])
  t.is(formatAgo(new Date(1000), 301_000), '5 min ago')
  t.is(formatAgo(new Date(4000), 1000), 'in 3 s')
  t.is(plural(1, 'leaf', 'leaves'), '1 leaf')
  t.is(plural(1200, 'leaf', 'leaves'), '1,200 leaves')
  t.is(shortRev('12-0123456789abcdef'), '12-0123456…')
  t.is(seqNumber('42-g1AAA'), 42)
})

test('lines are cut where they end, whatever the pieces', t => {
  const splitter = new LineSplitter()
  t.deepEqual(
    ['{"a":1}\n{"b"', ':2}\n\n\n', '{"c":3}'].flatMap(piece => splitter.push(piece)),
    ['{"a":1}', '{"b":2}'],
  )
  t.deepEqual(splitter.push('\n'), ['{"c":3}'])
})

test('a ring keeps the newest and counts what fell out', t => {
  const ring = new Ring<number>(100)
  for (let value = 0; value < 1000; value += 1) ring.push([value])
  t.deepEqual(ring.newest(2), [999, 998])
  t.true(ring.size >= 100 && ring.size <= 125)
  t.is(ring.size + ring.dropped, 1000)
})

test('counters become rates, also over a restart', t => {
  const series = [
    { at: 0, value: 10 },
    { at: 2000, value: 30 },
    { at: 3000, value: 5 },
  ]
  t.deepEqual(
    ratesOf(series).map(({ value }) => value),
    [10, 5],
  )
  t.is(linePath([], 10, 10), '')
  t.is(
    linePath(
      [
        { at: 0, value: 0 },
        { at: 1, value: 2 },
      ],
      10,
      10,
    ),
    'M0.0 10.0L10.0 0.0',
  )
  let long: Sample[] = []
  for (let at = 0; at < 500; at += 1) long = withSample(long, at, at)
  t.is(long.length, 180)
})

test('only what cannot run a script is shown', t => {
  t.is(previewKind('image/png'), 'image')
  t.is(previewKind('image/svg+xml'), 'text')
  t.is(previewKind('text/html; charset=utf-8'), 'text')
  t.is(previewKind('application/json'), 'text')
  t.is(previewKind('application/pdf'), 'none')
  t.is(previewKind(''), 'none')
})
