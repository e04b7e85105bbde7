import test from 'ava'
import { hashTerms, identityTerms, jobId, parseJobId, replicationId } from '../../protocol/replication-id.ts'
import type { Identity } from '../../protocol/replication-id.ts'
import { REPLICATION_DEFAULTS, parseOptions } from '../../protocol/replication-options.ts'

const identity: Identity = {
  uuid: 'somefixedid',
  source: { url: 'http://adm:pass@127.0.0.1/abc/', headers: {} },
  target: { url: 'http://adm:pass@127.0.0.1/xyz/', headers: {} },
  filter: { kind: 'none' },
}

test('the terms hash to the id that CouchDB 3 computed for the same endpoints', t => {
  // CouchDB's own test replaced the server's uuid by an Erlang string; a running server has a binary there.
  const [, ...endpoints] = identityTerms(identity, 4)
  t.is(`${hashTerms([{ charlist: 'somefixedid' }, ...endpoints])}`, 'ff71e1208f93ba054eb60e7ca8683fe4')
})

test('passwords, default ports and the place of the user name do not count', t => {
  const id = replicationId(identity)
  const same = [
    'http://adm:other@127.0.0.1/abc/',
    'http://adm:pass@127.0.0.1:5984/abc/',
    'http://adm@127.0.0.1:80/abc/',
    'https://adm:x@127.0.0.1:443/abc/',
  ]
  for (const url of same) t.is(replicationId({ ...identity, source: { url, headers: {} } }), id)
  t.is(replicationId({ ...identity, source: { url: 'http://127.0.0.1/abc/', user: 'adm', headers: {} } }), id)
})

test('user, host, port, path, headers, uuid and filter each make another id', t => {
  const others: Identity[] = [
    { ...identity, uuid: 'x' },
    ...[
      'http://b:pass@127.0.0.1/abc/',
      'http://adm@localhost/abc/',
      'http://adm@127.0.0.1:81/abc/',
      'http://adm@127.0.0.1/abd/',
    ].map(url => ({ ...identity, source: { url, headers: {} } })),
    { ...identity, target: { ...identity.target, headers: { a: 'b' } } },
    { ...identity, filter: { kind: 'docIds', docIds: [] } },
    { ...identity, filter: { kind: 'docIds', docIds: ['a'] } },
    { ...identity, filter: { kind: 'builtin', name: '_design', queryParams: {} } },
    { ...identity, filter: { kind: 'code', code: '_design', queryParams: { a: 1 } } },
    { ...identity, filter: { kind: 'selector', selector: { a: { $eq: 1 } } } },
    { ...identity, winningRevsOnly: true },
  ]
  const ids = new Set([identity, ...others].map(other => replicationId(other)))
  t.is(ids.size, others.length + 1)
})

test('each version of the id has its own terms', t => {
  const ids = new Set(([1, 2, 3, 4] as const).map(version => replicationId(identity, version)))
  t.is(ids.size, 4)
})

test('options that tell jobs apart follow the id', t => {
  const id = replicationId(identity)
  t.is(jobId(id, { continuous: false, createTarget: false }), id)
  t.is(jobId(id, { continuous: true, createTarget: true }), `${id}+continuous+create_target`)
  t.is(parseJobId('abc continuous create_target'), 'abc+continuous+create_target')
})

/** The id of a job with that selector. */
function idWithSelector(selector: object): string {
  const { filter } = parseOptions({ selector }, REPLICATION_DEFAULTS)
  if (filter.kind !== 'selector') throw new Error(`the filter is a ${filter.kind}`)
  return replicationId({ ...identity, filter: { kind: 'selector', selector: filter.normalized } })
}

// The MD5 of the external term written out by hand: {[{"$and", [{[{"type", {[{"$eq", "x"}]}}]}, …]}]}.
test('a selector counts as Mango normalizes it, its values with their members in order', t => {
  const id = 'bc88b978f77c1ce3ade49789604c9f98'
  const value = { $eq: { 2: 2, 10: 1 } }
  t.is(idWithSelector({ type: 'x', n: { $not: { $gt: 5 } }, a: { b: value } }), id)
  t.is(idWithSelector({ $and: [{ type: { $eq: 'x' } }, { n: { $lte: 5 } }, { 'a.b': value }] }), id)
  t.not(idWithSelector({ n: { $lte: 5 }, type: 'x', a: { b: value } }), id)
})

test('a selector that Mango refuses is refused with its reason', t => {
  const error = t.throws(() => parseOptions({ selector: { $nope: 1 } }, REPLICATION_DEFAULTS))
  t.is(error?.message, 'Invalid operator: $nope')
})
