import test from 'ava'
import { RouteMatcher } from '../../../server/routing/route-matcher.ts'
import type { RouteEntry } from '../../../server/routing/route.ts'

const PATHS = [
  '/',
  '/_node/:node/*rest',
  '/_node/:node/_config/:section/:key',
  '/_scheduler/jobs',
  '/:db',
  '/:db/_all_docs',
  '/:db/_all_docs/queries',
  '/:db/:docid',
  '/:db/:docid/*attachment',
  '/:db/_design/:name',
  '/:db/_design/:name/*attachment',
  '/:db/_design/:name/_view/:view',
  '/:db/:systemName',
  '/:db/:systemName/*attachment',
]

const routes = new RouteMatcher(PATHS.map(row))

function row(path: string): RouteEntry<string> {
  return { path, access: 'member', methods: { GET: path } }
}

for (const [path, route, params, rest] of [
  ['/', '/', {}, []],
  ['/db', '/:db', { db: 'db' }, []],
  ['/db/', '/:db', { db: 'db' }, []],
  ['//db///doc//', '/:db/:docid', { db: 'db', docid: 'doc' }, []],
  ['/a%2Fb/c%2Fd', '/:db/:docid', { db: 'a/b', docid: 'c/d' }, []],
  ['/db/a+b%2Bc', '/:db/:docid', { db: 'db', docid: 'a b+c' }, []],
  ['/db/%FF', '/:db/:docid', { db: 'db', docid: null }, []],
  ['/db/doc/a/b%2Fc/', '/:db/:docid/*attachment', { db: 'db', docid: 'doc' }, ['a', 'b/c']],
  ['/db/doc/%FF', '/:db/:docid/*attachment', { db: 'db', docid: 'doc' }, [null]],
  ['/db/_all_docs', '/:db/_all_docs', { db: 'db' }, []],
  ['/db/%5Fall_docs', '/:db/_all_docs', { db: 'db' }, []],
  ['/db/_all_docs/x', '/:db/:systemName/*attachment', { db: 'db', systemName: '_all_docs' }, ['x']],
  ['/db/_design', '/:db/:systemName', { db: 'db', systemName: '_design' }, []],
  ['/db/_design/d', '/:db/_design/:name', { db: 'db', name: 'd' }, []],
  ['/db/_design%2Fd', '/:db/:systemName', { db: 'db', systemName: '_design/d' }, []],
  ['/db/_design/d/_view/v', '/:db/_design/:name/_view/:view', { db: 'db', name: 'd', view: 'v' }, []],
  ['/db/_design/d/_view', '/:db/_design/:name/*attachment', { db: 'db', name: 'd' }, ['_view']],
  ['/db/_design/d/_view/v/x', '/:db/_design/:name/*attachment', { db: 'db', name: 'd' }, ['_view', 'v', 'x']],
  ['/_node/n/_config/a', '/_node/:node/*rest', { node: 'n' }, ['_config', 'a']],
  ['/_node/n', '/:db/:docid', { db: '_node', docid: 'n' }, []],
  ['/_scheduler', '/:db', { db: '_scheduler' }, []],
  ['/db/hasOwnProperty', '/:db/:docid', { db: 'db', docid: 'hasOwnProperty' }, []],
  ['/__proto__/constructor', '/:db/:docid', { db: '__proto__', docid: 'constructor' }, []],
] as const) {
  test(`${path} is ${route}`, t => {
    const match = routes.match('GET', path)
    t.is(match.route?.path, route)
    t.deepEqual(match.params, { ...params })
    t.deepEqual(match.rest, rest)
  })
}

for (const path of ['*', '', 'db']) {
  test(`"${path}" has no route, and is closed`, t => {
    const { route, right } = routes.match('GET', path)
    t.is(route, undefined)
    t.is(right, 'server-admin')
  })
}

test('the order of rows does not matter', t => {
  const reversed = new RouteMatcher(PATHS.toReversed().map(row))
  for (const path of PATHS) {
    const asked = path.replace(/[:*]systemName/, '_x').replace(/[:*](\w+)/g, '$1')
    t.is(reversed.match('GET', asked).route?.path, routes.match('GET', asked).route?.path, asked)
  }
})

test('two rows with the same path are refused', t => {
  t.throws(() => new RouteMatcher([row('/:db/:docid'), row('/:name/:docid')]), { message: /the path/ })
})
