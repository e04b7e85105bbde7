import test from 'ava'
import { isDatabaseAdmin } from '../../dashboard/src/lib/rights.ts'
import { policiesOf } from '../../dashboard/src/lib/policies.ts'
import { diffLines } from '../../dashboard/src/lib/line-diff.ts'
import { differencesOf, mergeLeaves } from '../../dashboard/src/lib/merge-leaves.ts'

const A =
  '{"_id":"x","_rev":"3-a","_revisions":{"start":3,"ids":[]},"n":12345678901234567890,"same":1.0,"items":[1,2]}'
const B = '{"_id":"x","_rev":"2-b","n":12345678901234567891,"same":1.0,"extra":true}'

test('members that differ are listed with their text in each leaf', t => {
  t.deepEqual(differencesOf([A, B]), [
    { name: 'n', values: ['12345678901234567890', '12345678901234567891'] },
    { name: 'items', values: ['[1,2]', undefined] },
    { name: 'extra', values: [undefined, 'true'] },
  ])
})

test('a merge takes each member from the leaf that was picked', t => {
  t.is(mergeLeaves([A, B], {}), '{"n":12345678901234567890,"same":1.0,"items":[1,2]}')
  t.is(
    mergeLeaves([A, B], { n: 1, extra: 1, items: 1 }),
    '{"n":12345678901234567891,"same":1.0,"extra":true}',
  )
})

test('replaced lines stand beside each other', t => {
  t.deepEqual(
    diffLines('a\nb\nc', 'a\nB\nc\nd').map(({ kind, left, right }) => [
      kind,
      left?.text,
      right?.text,
      right?.number,
    ]),
    [
      ['same', 'a', 'a', 1],
      ['changed', 'b', 'B', 2],
      ['same', 'c', 'c', 3],
      ['added', undefined, 'd', 4],
    ],
  )
  t.deepEqual(
    diffLines('a\nb', 'a').map(({ kind }) => kind),
    ['same', 'removed'],
  )
})

test('policies are read from design documents, and invalid ones are skipped', t => {
  const text = '{"conflicts":[{"selector":{"type":"cart"},"policy":"latest","field":"updated_at"},7]}'
  t.deepEqual(
    policiesOf([
      { id: '_design/policy', text },
      { id: '_design/shop', text: '{"views":{}}' },
      { id: '_design/odd', text: '{"conflicts":{}}' },
    ]),
    [
      {
        name: '_design/policy/0',
        design: '_design/policy',
        kind: 'latest',
        selector: '{"type":"cart"}',
        details: ['field: "updated_at"'],
      },
    ],
  )
})

test('administrators of a database are those of the server, and whom its security object names', t => {
  const security = { admins: { names: ['ada'], roles: ['boss'] }, members: { names: ['bob'] } }
  t.true(isDatabaseAdmin({ name: 'x', roles: ['_admin'] }, undefined))
  t.true(isDatabaseAdmin({ name: 'ada', roles: [] }, security))
  t.true(isDatabaseAdmin({ name: 'eve', roles: ['boss'] }, security))
  t.false(isDatabaseAdmin({ name: 'bob', roles: ['editor'] }, security))
  t.false(isDatabaseAdmin({ name: null, roles: [] }, {}))
  t.false(isDatabaseAdmin({ name: 'bob', roles: [] }, { admins: { names: 'bob' } }))
})
