import test from 'ava'
import fc from 'fast-check'
import { apiPath, linkTo, parsePlace, safeReturnPath } from '../../dashboard/src/lib/location.ts'

test('every id survives the address, hostile ones too', t => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1 }), segments => {
      t.deepEqual(parsePlace(linkTo(segments, { startkey: segments[0] })), {
        segments,
        params: { startkey: segments[0] ?? '' },
      })
    }),
  )
  const id = '<img src=x onerror=alert(1)>/../?a=b#c'
  t.deepEqual(parsePlace(linkTo(['db', 'a/b', 'doc', id])).segments, ['db', 'a/b', 'doc', id])
  t.pass()
})

test('a broken address is shown as it is', t => {
  t.deepEqual(parsePlace('#/db/%zz').segments, ['db', '%zz'])
  t.deepEqual(parsePlace('').segments, [])
})

test('after signing in only paths of this server are gone to', t => {
  t.is(safeReturnPath('/orders/_all_docs'), '/orders/_all_docs')
  for (const evil of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/\t/x',
    '',
  ]) {
    t.is(safeReturnPath(evil), undefined, evil)
  }
  t.is(safeReturnPath(null), undefined)
})

test('paths encode slashes except behind _design and _local', t => {
  t.is(apiPath('a/b', 'x/y'), 'a%2Fb/x%2Fy')
  t.is(apiPath('db', '_design/a/b'), 'db/_design/a%2Fb')
  t.is(apiPath('db', '_local/x'), 'db/_local/x')
})
