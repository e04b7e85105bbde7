import test from 'ava'
import { CouchError } from '../../protocol/errors.ts'
import { expiryOf, parseRetention } from '../../protocol/retention.ts'

test('an end is seconds since 1970, or a date and time with its offset', t => {
  t.is(expiryOf(0), 0)
  t.is(expiryOf(-5), 0)
  t.is(expiryOf(1_700_000_000), 1_700_000_000_000)
  t.is(expiryOf(1.0001), 1001)
  t.is(expiryOf('2026-05-01T12:00:00Z'), Date.UTC(2026, 4, 1, 12))
  t.is(expiryOf('2026-05-01T14:00:00.5+02:00'), Date.UTC(2026, 4, 1, 12, 0, 0, 500))
  t.is(expiryOf('1969-12-31T23:59Z'), 0)
})

test('what is no end never comes', t => {
  const none = [
    '',
    'soon',
    '2026-05-01',
    '2026-05-01T12:00:00',
    '2026-13-01T12:00:00Z',
    '1700000000',
    null,
    true,
    {},
    [],
  ]
  for (const value of none) t.is(expiryOf(value), undefined, JSON.stringify(value))
  // Milliseconds that were taken for seconds, infinity, and the end of what is stored.
  for (const value of [1_700_000_000_000, 1e300, 2 ** 48]) t.is(expiryOf(value), undefined, String(value))
})

test('a rule that is null is absent', t => {
  t.deepEqual(parseRetention({ purge_tombstones_older_than: null, expires_field: 'expires' }), {
    expires_field: 'expires',
  })
  t.deepEqual(parseRetention({}), {})
})

test('rules that are not understood are refused by name', t => {
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [[], /must be a JSON object/],
    [7, /must be a JSON object/],
    [{ purge_tombstone_older_than: 7 }, /`purge_tombstone_older_than` is no member/],
    [
      { purge_tombstones_older_than: '7d' },
      /`purge_tombstones_older_than` must be a whole number of seconds/,
    ],
    [{ purge_tombstones_older_than: -1 }, /whole number/],
    [{ forget_peers_after: 1.5 }, /`forget_peers_after` must be/],
    [{ expires_field: '' }, /`expires_field` must be/],
    [{ expires_field: '_id' }, /does not begin with _/],
    [{ expires_field: 'x'.repeat(257) }, /256 bytes/],
  ]
  for (const [value, reason] of refused) {
    const error = t.throws(() => parseRetention(value), { instanceOf: CouchError })
    t.is(error?.status, 400)
    t.regex(error?.reason ?? '', reason)
  }
})
