import { row, type Row } from './rights-row.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

/** Rows of databases, without their documents. */
export const DATABASE_ROWS: readonly Row[] = [
  // Databases
  row('PUT /:db', 'server-admin', 412),
  row('DELETE /:db', 'server-admin', 200),
  row('GET /:db', 'member', 200),
  row('POST /:db', 'member', 201, ({ db }) => ({ path: `/${db}`, json: {} })),
  row('GET /:db/_security', 'member', 200),
  row('PUT /:db/_security', 'db-admin', 200, ({ db }) => ({ path: `/${db}/_security`, json: {} })),
  row('GET /:db/_quorum', 'member', 200),
  row('PUT /:db/_quorum', 'server-admin', 200, ({ db }) => ({
    path: `/${db}/_quorum`,
    json: { w: 1, r: 1 },
  })),
  row('GET /:db/_follower', 'server-admin', 404),
  row('PUT /:db/_follower', 'server-admin', 400, ({ db }) => ({
    path: `/${db}/_follower`,
    json: { source: 'ftp://x' },
  })),
  row('DELETE /:db/_follower', 'server-admin', 404),
  row('POST /:db/_ensure_full_commit', 'member', 201, ({ db }) => ({
    path: `/${db}/_ensure_full_commit`,
    headers: JSON_TYPE,
  })),
  row('GET /:db/_all_docs', 'member', 200),
  row('GET /:db/_conflicts', 'member', 200),
  row('GET /:db/_digests', 'member', 200),
  row('POST /:db/_digests', 'member', 200, ({ db }) => ({ path: `/${db}/_digests`, json: { ranges: [{}] } })),
  row('POST /:db/_conflicts', 'member', 200, ({ db }) => ({ path: `/${db}/_conflicts`, json: { keys: [] } })),
  row('POST /:db/_conflicts/*id', 'member', 404, ({ db }) => ({
    path: `/${db}/_conflicts/none`,
    json: { revs: ['1-a'], body: {} },
  })),
  row('GET /:db/_conflicts/log', 'member', 200),
  row('POST /:db/_conflicts/log', 'member', 404, ({ db }) => ({
    path: `/${db}/_conflicts/log`,
    json: { revs: ['1-a'], body: {} },
  })),
  row('GET /:db/_conflicts/policies', 'member', 200),
  row('POST /:db/_conflicts/policies', 'member', 404, ({ db }) => ({
    path: `/${db}/_conflicts/policies`,
    json: { revs: ['1-a'], body: {} },
  })),
  row('POST /:db/_ingest', 'member', 200, ({ db }) => ({ path: `/${db}/_ingest?id={id}`, json: [] })),
  row('POST /:db/_ingest/failures', 'member', 200, ({ db }) => ({
    path: `/${db}/_ingest/failures?id={id}`,
    json: {},
  })),
  row('GET /:db/_ingest/failures', 'member', 200),
  row('DELETE /:db/_ingest/failures', 'member', 200),
  row('GET /:db/_trees', 'maintainer', 200),
  row('GET /:db/_partition/:partition', 'member', 400),
  row('GET /:db/_partition', 'member', 400),
  row('PUT /:db/_partition', 'member', 400),
  row('POST /:db/_partition', 'member', 400),
  row('DELETE /:db/_partition', 'member', 400),
  row('COPY /:db/_partition', 'member', 'answered'),
  row('POST /:db/_partition/:partition', 'member', 'answered'),
  row('GET /:db/_partition/:partition/*rest', 'member', 'answered'),
  row('PUT /:db/_partition/:partition/*rest', 'member', 'answered'),
  row('POST /:db/_partition/:partition/*rest', 'member', 'answered'),
  row('DELETE /:db/_partition/:partition/*rest', 'member', 'answered'),
  row('COPY /:db/_partition/:partition/*rest', 'member', 'answered'),
  row('GET /:db/_shards', 'member', 200),
  row('GET /:db/_shards/:docid', 'member', 200),
  row('POST /:db/_sync_shards', 'server-admin', 202),
  row('GET /_dbs_info', 'server-admin', 200),
  row('GET /_cluster', 'server-admin', 404),
  row('DELETE /_cluster/members/:node', 'server-admin', 404),
  row('GET /_cluster_setup', 'server-admin', 200),
  row('POST /_cluster_setup', 'server-admin', 400, () => ({
    path: '/_cluster_setup',
    json: { action: 'finish_cluster' },
  })),
  row('POST /_reload_query_servers', 'server-admin', 200, () => ({
    path: '/_reload_query_servers',
    json: {},
  })),
  row('GET /_reshard', 'server-admin', 200),
  row('GET /_reshard/state', 'server-admin', 200),
  row('PUT /_reshard/state', 'server-admin', 200, () => ({
    path: '/_reshard/state',
    json: { state: 'running' },
  })),
  row('GET /_reshard/jobs', 'server-admin', 200),
  row('POST /_reshard/jobs', 'server-admin', 400, () => ({ path: '/_reshard/jobs', json: {} })),
  ...['GET', 'DELETE'].map(method => reshardJob(method, '')),
  ...['GET', 'PUT'].map(method => reshardJob(method, '/state')),
  row('GET /favicon.ico', 'everybody', 'answered'),
  row('POST /_dbs_info', 'server-admin', 200, () => ({ path: '/_dbs_info', json: { keys: [] } })),
  row('GET /:db/_revs_limit', 'member', 200),
  row('PUT /:db/_revs_limit', 'db-admin', 200, ({ db }) => ({ path: `/${db}/_revs_limit`, json: 5 })),
  row('GET /:db/_retention', 'member', 200),
  row('PUT /:db/_retention', 'server-admin', 200, ({ db }) => ({ path: `/${db}/_retention`, json: {} })),
  row('GET /:db/_purged_infos_limit', 'member', 200),
  row('PUT /:db/_purged_infos_limit', 'server-admin', 200, ({ db }) => ({
    path: `/${db}/_purged_infos_limit`,
    json: 5,
  })),
  row('GET /:db/_purged_infos', 'member', 200),
  row('POST /:db/_purge', 'server-admin', 201, ({ db }) => ({ path: `/${db}/_purge`, json: {} })),
  row('POST /:db/_compact', 'maintainer', 202, ({ db }) => ({ path: `/${db}/_compact`, json: {} })),
  row('POST /:db/_all_docs', 'member', 200, ({ db }) => ({
    path: `/${db}/_all_docs`,
    json: { keys: ['doc'] },
  })),
  row('POST /:db/_all_docs/queries', 'member', 200, ({ db }) => ({
    path: `/${db}/_all_docs/queries`,
    json: { queries: [] },
  })),
  row('GET /:db/_design_docs', 'member', 200),
  row('POST /:db/_design_docs', 'member', 200, ({ db }) => ({
    path: `/${db}/_design_docs`,
    json: { keys: ['doc'] },
  })),
  row('POST /:db/_design_docs/queries', 'member', 200, ({ db }) => ({
    path: `/${db}/_design_docs/queries`,
    json: { queries: [] },
  })),
  row('GET /:db/_local_docs', 'member', 200),
  row('POST /:db/_local_docs', 'member', 200, ({ db }) => ({
    path: `/${db}/_local_docs`,
    json: { keys: ['doc'] },
  })),
  row('POST /:db/_local_docs/queries', 'member', 200, ({ db }) => ({
    path: `/${db}/_local_docs/queries`,
    json: { queries: [] },
  })),
  row('GET /:db/_partition/:partition/_all_docs', 'member', 400),
  row('POST /:db/_partition/:partition/_all_docs', 'member', 400, ({ db }) => ({
    path: `/${db}/_partition/p/_all_docs`,
    json: {},
  })),
  row('POST /:db/_partition/:partition/_all_docs/queries', 'member', 400, ({ db }) => ({
    path: `/${db}/_partition/p/_all_docs/queries`,
    json: { queries: [] },
  })),
  row('GET /:db/_changes', 'member', 200),
  row('POST /:db/_changes', 'member', 200, ({ db }) => ({ path: `/${db}/_changes`, json: {} })),
  row('POST /:db/_bulk_docs', 'member', 201, ({ db }) => ({ path: `/${db}/_bulk_docs`, json: { docs: [] } })),
  row('POST /:db/_bulk_get', 'member', 200, ({ db }) => ({ path: `/${db}/_bulk_get`, json: { docs: [] } })),
  row('POST /:db/_revs_diff', 'member', 200, ({ db }) => ({ path: `/${db}/_revs_diff`, json: {} })),
  row('POST /:db/_missing_revs', 'member', 200, ({ db }) => ({ path: `/${db}/_missing_revs`, json: {} })),
  row('POST /:db/_try_view', 'db-admin', 200, ({ db }) => ({
    path: `/${db}/_try_view`,
    json: { map: 'function (doc) {}', docs: [] },
  })),
  row('POST /:db/_view_cleanup', 'maintainer', 202, ({ db }) => ({
    path: `/${db}/_view_cleanup`,
    headers: JSON_TYPE,
  })),
  row('POST /:db/_compact/:name', 'maintainer', 202, ({ db }) => ({
    path: `/${db}/_compact/d`,
    headers: JSON_TYPE,
  })),
  ...['GET', 'POST', 'PUT', 'DELETE'].map((method): Row => {
    return { route: `${method} /:db/_temp_view`, right: 'member', status: 410 }
  }),
]

/** There are no such jobs. */
function reshardJob(method: string, rest: string): Row {
  const request = () => ({ path: `/_reshard/jobs/none${rest}`, json: { state: 'running' } })
  return { route: `${method} /_reshard/jobs/:job${rest}`, right: 'server-admin', status: 404, request }
}
