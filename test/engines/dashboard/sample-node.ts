import { call } from '../../helpers/http.ts'

const hash = (letter: string, generation: number): string => `${generation}-${letter.repeat(32)}`

/** A revision with its history, newest first, as replication brings it. */
function withHistory(id: string, revs: readonly string[], body: object): object {
  const [rev = ''] = revs
  return {
    _id: id,
    _rev: rev,
    _revisions: { start: Number.parseInt(rev, 10), ids: revs.map(text => text.slice(text.indexOf('-') + 1)) },
    ...body,
  }
}

//  1-a ── 2-b ── 3-c ── 4-d           winner
//           └─── 3-e                  conflict
//                  3-c ── 4-1 ── 5-f  deleted
const CART = [
  withHistory('cart-17', [hash('d', 4), hash('c', 3), hash('b', 2), hash('a', 1)], {
    type: 'cart',
    total: 31.5,
    items: ['apple', 'pear'],
    updated_at: '2026-11-28T10:00:00Z',
  }),
  withHistory('cart-17', [hash('e', 3), hash('b', 2), hash('a', 1)], {
    type: 'cart',
    total: 28,
    items: ['apple'],
    updated_at: '2026-11-28T11:30:00Z',
    coupon: 'WINTER',
  }),
  withHistory('cart-17', [hash('f', 5), hash('1', 4), hash('c', 3), hash('b', 2), hash('a', 1)], {
    _deleted: true,
  }),
]

const SHOP = {
  views: {
    by_customer: {
      map: 'function (doc) {\n  if (doc.type === "order") emit(doc.customer, doc.total)\n}',
      reduce: '_sum',
    },
  },
}

const POLICIES = {
  conflicts: [{ selector: { type: 'cart' }, policy: 'latest', field: 'updated_at' }],
}

const INVALID_POLICIES = { conflicts: [{ policy: 'latest' }] }

/** Makes a database with a policy, one that cannot be applied, and a conflict that the policy resolves. */
export async function fillCarts(url: string): Promise<void> {
  await call(url, 'PUT', '/carts')
  await call(url, 'PUT', '/carts/_design/policy', { json: POLICIES })
  await call(url, 'PUT', '/carts/_design/policy-old', { json: INVALID_POLICIES })
  await call(url, 'POST', '/carts/_bulk_docs', { json: { new_edits: false, docs: CART } })
}

/** Puts something of every kind into a node: documents, a conflict, a database with policies, a view, a partition, users, replications. */
export async function fillNode(url: string): Promise<void> {
  const { origin, username: name, password } = new URL(url)
  const end = (database: string) => ({
    url: `${origin}/${database}`,
    auth: { basic: { username: name, password } },
  })
  const put = (path: string, json?: object) => call(url, 'PUT', path, json === undefined ? {} : { json })
  for (const database of ['_users', '_replicator', 'orders']) await put(`/${database}`)
  await put('/readings?partitioned=true')
  const orders = Array.from({ length: 200 }, (_, index) => ({
    _id: `order-${String(index).padStart(5, '0')}`,
    type: 'order',
    customer: `customer-${index % 17}`,
    total: ((index * 137) % 9000) / 100,
  }))
  await call(url, 'POST', '/orders/_bulk_docs', { json: { docs: orders } })
  await call(url, 'POST', '/orders/_bulk_docs', { json: { new_edits: false, docs: CART } })
  await put('/orders/_design/shop', SHOP)
  await fillCarts(url)
  const readings = Array.from({ length: 30 }, (_, index) => ({
    _id: `plant${index % 3}:${index}`,
    value: index,
  }))
  await call(url, 'POST', '/readings/_bulk_docs', { json: { docs: readings } })
  await put('/_users/org.couchdb.user:ada', {
    name: 'ada',
    type: 'user',
    roles: ['editor'],
    password: 'secret',
  })
  await put('/_replicator/orders-copy', {
    source: end('orders'),
    target: end('orders-copy'),
    create_target: true,
    continuous: true,
  })
  await put('/_replicator/orders-lost', {
    source: 'http://127.0.0.1:1/orders',
    target: end('orders'),
    continuous: true,
  })
}
