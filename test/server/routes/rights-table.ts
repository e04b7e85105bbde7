import { TEST_THREADS } from '../../../harness/test-threads.ts'
import type { CallOptions } from '../../helpers/http.ts'

/** Roles that may use a route; the refusals of others are in `REFUSALS`. */
export type Right = 'everybody' | 'user' | 'metrics' | 'server-admin' | 'member' | 'db-admin' | 'maintainer'

/** Names that a cell of the table works with: a database of its own, with a document and a design document. */
export interface Cell {
  readonly db: string
  readonly docRev: string
  readonly designRev: string
}

export interface Row {
  /** As the route is registered: "GET /:db/:docid". */
  readonly route: string
  readonly right: Right
  /** Status for those who may; "answered" is anything but a refusal. */
  readonly status: number | 'answered'
  /** The request, where it is more than the path with its names filled in. */
  readonly request?: (cell: Cell) => { readonly path: string } & CallOptions
}

const JSON_TYPE = { 'content-type': 'application/json' }

/**
 * Every route with the right that it needs. A route that is registered and not here fails the test: add a row, with the
 * least right that CouchDB asks for.
 */
export const ROWS: readonly Row[] = [
  // The server
  { route: 'GET /', right: 'everybody', status: 200 },
  { route: 'GET /_up', right: 'everybody', status: 200 },
  { route: 'GET /_uuids', right: 'everybody', status: 200 },
  { route: 'GET /_utils', right: 'everybody', status: 301 },
  { route: 'GET /_utils/*file', right: 'everybody', status: 404 },
  { route: 'GET /_session', right: 'everybody', status: 200 },
  {
    route: 'POST /_session',
    right: 'everybody',
    status: 200,
    request: () => ({ path: '/_session', json: { name: 'admin', password: 'pass' } }),
  },
  { route: 'DELETE /_session', right: 'everybody', status: 200 },
  { route: 'GET /_all_dbs', right: 'server-admin', status: 200 },
  { route: 'GET /_membership', right: 'server-admin', status: 200 },
  { route: 'GET /_node', right: 'server-admin', status: 400 },
  { route: 'GET /_node/:node', right: 'server-admin', status: 200 },
  { route: 'GET /_node/:node/_config', right: 'server-admin', status: 200 },
  { route: 'POST /_node/:node/_config/_reload', right: 'server-admin', status: 200 },
  { route: 'GET /_node/:node/_config/:section', right: 'server-admin', status: 200 },
  { route: 'GET /_node/:node/_config/:section/:key', right: 'server-admin', status: 404 },
  {
    route: 'PUT /_node/:node/_config/:section/:key',
    right: 'server-admin',
    status: 200,
    request: () => ({ path: '/_node/_local/_config/x/y', json: 'z' }),
  },
  {
    route: 'DELETE /_node/:node/_config/:section/:key',
    right: 'server-admin',
    status: 404,
    request: () => ({ path: '/_node/_local/_config/x/none' }),
  },
  { route: 'GET /_node/:node/_settings', right: 'server-admin', status: 200 },
  { route: 'GET /_node/:node/_log', right: 'server-admin', status: 200 },
  { route: 'GET /_node/:node/_health', right: 'metrics', status: 200 },
  // A server in memory has nothing to back up; one with front threads is never in memory.
  {
    route: 'POST /_node/:node/_backup',
    right: 'server-admin',
    status: TEST_THREADS > 1 ? 201 : 501,
    request: () => ({ path: '/_node/_local/_backup', json: {} }),
  },
  { route: 'DELETE /_node/:node/_backup/:id', right: 'server-admin', status: 404 },
  { route: 'GET /_node/:node/_backup/:id/*path', right: 'server-admin', status: 404 },
  { route: 'GET /_node/:node/_stats', right: 'metrics', status: 200 },
  { route: 'GET /_node/:node/_stats/*path', right: 'metrics', status: 200 },
  { route: 'GET /_node/:node/_system', right: 'metrics', status: 200 },
  { route: 'GET /_node/:node/_prometheus', right: 'metrics', status: 200 },
  { route: 'GET /_node/:node/_smoosh/status', right: 'server-admin', status: 200 },
  { route: 'POST /_node/:node/_restart', right: 'server-admin', status: 404 },
  { route: 'GET /_node/:node/*rest', right: 'server-admin', status: 404 },
  { route: 'PUT /_node/:node/*rest', right: 'server-admin', status: 404 },
  { route: 'POST /_node/:node/*rest', right: 'server-admin', status: 404 },
  { route: 'DELETE /_node/:node/*rest', right: 'server-admin', status: 404 },
  { route: 'COPY /_node/:node/*rest', right: 'server-admin', status: 404 },
  ...['/_scheduler/*rest', '/_reshard/*rest'].flatMap(path =>
    ['GET', 'PUT', 'POST', 'DELETE', 'COPY'].map((method): Row => {
      return { route: `${method} ${path}`, right: 'server-admin', status: 404 }
    }),
  ),
  { route: 'GET /_node/:node/_versions', right: 'server-admin', status: 200 },
  {
    route: 'POST /_compare',
    right: 'user',
    status: 500,
    request: () => ({ path: '/_compare', json: {} }),
  },
  {
    route: 'POST /_repair',
    right: 'user',
    status: 500,
    request: () => ({ path: '/_repair', json: {} }),
  },
  {
    route: 'POST /_replicate',
    right: 'user',
    status: 404,
    request: () => ({ path: '/_replicate', json: { replication_id: 'none', cancel: true } }),
  },

  { route: 'GET /_active_tasks', right: 'server-admin', status: 200 },
  { route: 'GET /_scheduler/jobs', right: 'server-admin', status: 200 },
  { route: 'GET /_scheduler/jobs/:job', right: 'server-admin', status: 404 },
  { route: 'GET /_scheduler/docs', right: 'server-admin', status: 200 },
  {
    route: 'GET /_scheduler/docs/*path',
    right: 'server-admin',
    status: 200,
    request: () => ({ path: '/_scheduler/docs/_replicator' }),
  },
  {
    route: 'POST /_scheduler/docs/*path',
    right: 'server-admin',
    status: 405,
    request: () => ({ path: '/_scheduler/docs/_replicator', json: {} }),
  },

  { route: 'GET /_db_updates', right: 'server-admin', status: 200 },

  // Databases
  { route: 'PUT /:db', right: 'server-admin', status: 412 },
  { route: 'DELETE /:db', right: 'server-admin', status: 200 },
  { route: 'GET /:db', right: 'member', status: 200 },
  { route: 'POST /:db', right: 'member', status: 201, request: ({ db }) => ({ path: `/${db}`, json: {} }) },
  { route: 'GET /:db/_security', right: 'member', status: 200 },
  {
    route: 'PUT /:db/_security',
    right: 'db-admin',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_security`, json: {} }),
  },
  { route: 'GET /_mesh', right: 'server-admin', status: 404 },
  {
    route: 'PUT /_mesh',
    right: 'server-admin',
    status: 400,
    request: () => ({ path: '/_mesh', json: {} }),
  },
  { route: 'DELETE /_mesh', right: 'server-admin', status: 404 },
  {
    route: 'POST /_mesh/invitations',
    right: 'server-admin',
    status: 404,
    request: () => ({ path: '/_mesh/invitations', json: {} }),
  },
  {
    route: 'POST /_mesh/join',
    right: 'server-admin',
    status: 400,
    request: () => ({ path: '/_mesh/join', json: {} }),
  },
  { route: 'POST /_mesh/hello', right: 'server-admin', status: 404 },
  {
    route: 'POST /_mesh/members',
    right: 'everybody',
    status: 404,
    request: () => ({ path: '/_mesh/members', json: {} }),
  },
  { route: 'DELETE /_mesh/members/:member', right: 'server-admin', status: 404 },
  { route: 'GET /_credentials', right: 'server-admin', status: 200 },
  { route: 'GET /_credentials/:name', right: 'server-admin', status: 404 },
  {
    route: 'PUT /_credentials/:name',
    right: 'server-admin',
    status: 400,
    request: () => ({ path: '/_credentials/prod', json: {} }),
  },
  { route: 'DELETE /_credentials/:name', right: 'server-admin', status: 404 },
  { route: 'GET /:db/_quorum', right: 'member', status: 200 },
  {
    route: 'PUT /:db/_quorum',
    right: 'server-admin',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_quorum`, json: { w: 1, r: 1 } }),
  },
  { route: 'GET /:db/_follower', right: 'server-admin', status: 404 },
  {
    route: 'PUT /:db/_follower',
    right: 'server-admin',
    status: 400,
    request: ({ db }) => ({ path: `/${db}/_follower`, json: { source: 'ftp://x' } }),
  },
  { route: 'DELETE /:db/_follower', right: 'server-admin', status: 404 },
  {
    route: 'POST /:db/_ensure_full_commit',
    right: 'member',
    status: 201,
    request: ({ db }) => ({ path: `/${db}/_ensure_full_commit`, headers: JSON_TYPE }),
  },
  { route: 'GET /:db/_all_docs', right: 'member', status: 200 },
  { route: 'GET /:db/_conflicts', right: 'member', status: 200 },
  { route: 'GET /:db/_digests', right: 'member', status: 200 },
  {
    route: 'POST /:db/_digests',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_digests`, json: { ranges: [{}] } }),
  },
  {
    route: 'POST /:db/_conflicts',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_conflicts`, json: { keys: [] } }),
  },
  {
    route: 'POST /:db/_conflicts/*id',
    right: 'member',
    status: 404,
    request: ({ db }) => ({ path: `/${db}/_conflicts/none`, json: { revs: ['1-a'], body: {} } }),
  },
  { route: 'GET /:db/_conflicts/log', right: 'member', status: 200 },
  {
    route: 'POST /:db/_conflicts/log',
    right: 'member',
    status: 404,
    request: ({ db }) => ({ path: `/${db}/_conflicts/log`, json: { revs: ['1-a'], body: {} } }),
  },
  { route: 'GET /:db/_conflicts/policies', right: 'member', status: 200 },
  {
    route: 'POST /:db/_conflicts/policies',
    right: 'member',
    status: 404,
    request: ({ db }) => ({ path: `/${db}/_conflicts/policies`, json: { revs: ['1-a'], body: {} } }),
  },
  {
    route: 'POST /:db/_ingest',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_ingest?id={id}`, json: [] }),
  },
  {
    route: 'POST /:db/_ingest/failures',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_ingest/failures?id={id}`, json: {} }),
  },
  { route: 'GET /:db/_ingest/failures', right: 'member', status: 200 },
  { route: 'DELETE /:db/_ingest/failures', right: 'member', status: 200 },
  { route: 'GET /:db/_trees', right: 'maintainer', status: 200 },
  { route: 'GET /:db/_partition/:partition', right: 'member', status: 400 },
  { route: 'GET /:db/_partition', right: 'member', status: 400 },
  { route: 'PUT /:db/_partition', right: 'member', status: 400 },
  { route: 'POST /:db/_partition', right: 'member', status: 400 },
  { route: 'DELETE /:db/_partition', right: 'member', status: 400 },
  { route: 'COPY /:db/_partition', right: 'member', status: 'answered' },
  { route: 'POST /:db/_partition/:partition', right: 'member', status: 'answered' },
  { route: 'GET /:db/_partition/:partition/*rest', right: 'member', status: 'answered' },
  { route: 'PUT /:db/_partition/:partition/*rest', right: 'member', status: 'answered' },
  { route: 'POST /:db/_partition/:partition/*rest', right: 'member', status: 'answered' },
  { route: 'DELETE /:db/_partition/:partition/*rest', right: 'member', status: 'answered' },
  { route: 'COPY /:db/_partition/:partition/*rest', right: 'member', status: 'answered' },
  { route: 'GET /:db/_shards', right: 'member', status: 200 },
  { route: 'GET /:db/_shards/:docid', right: 'member', status: 200 },
  { route: 'POST /:db/_sync_shards', right: 'server-admin', status: 202 },
  { route: 'GET /_dbs_info', right: 'server-admin', status: 200 },
  { route: 'GET /_cluster', right: 'server-admin', status: 404 },
  { route: 'DELETE /_cluster/members/:node', right: 'server-admin', status: 404 },
  { route: 'GET /_cluster_setup', right: 'server-admin', status: 200 },
  {
    route: 'POST /_cluster_setup',
    right: 'server-admin',
    status: 400,
    request: () => ({ path: '/_cluster_setup', json: { action: 'finish_cluster' } }),
  },
  {
    route: 'POST /_reload_query_servers',
    right: 'server-admin',
    status: 200,
    request: () => ({ path: '/_reload_query_servers', json: {} }),
  },
  { route: 'GET /_reshard', right: 'server-admin', status: 200 },
  { route: 'GET /_reshard/state', right: 'server-admin', status: 200 },
  {
    route: 'PUT /_reshard/state',
    right: 'server-admin',
    status: 200,
    request: () => ({ path: '/_reshard/state', json: { state: 'running' } }),
  },
  { route: 'GET /_reshard/jobs', right: 'server-admin', status: 200 },
  {
    route: 'POST /_reshard/jobs',
    right: 'server-admin',
    status: 400,
    request: () => ({ path: '/_reshard/jobs', json: {} }),
  },
  ...['GET', 'DELETE'].map(method => reshardJob(method, '')),
  ...['GET', 'PUT'].map(method => reshardJob(method, '/state')),
  { route: 'GET /favicon.ico', right: 'everybody', status: 'answered' },
  {
    route: 'POST /_dbs_info',
    right: 'server-admin',
    status: 200,
    request: () => ({ path: '/_dbs_info', json: { keys: [] } }),
  },
  { route: 'GET /:db/_revs_limit', right: 'member', status: 200 },
  {
    route: 'PUT /:db/_revs_limit',
    right: 'db-admin',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_revs_limit`, json: 5 }),
  },
  { route: 'GET /:db/_retention', right: 'member', status: 200 },
  {
    route: 'PUT /:db/_retention',
    right: 'server-admin',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_retention`, json: {} }),
  },
  { route: 'GET /:db/_purged_infos_limit', right: 'member', status: 200 },
  {
    route: 'PUT /:db/_purged_infos_limit',
    right: 'server-admin',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_purged_infos_limit`, json: 5 }),
  },
  { route: 'GET /:db/_purged_infos', right: 'member', status: 200 },
  {
    route: 'POST /:db/_purge',
    right: 'server-admin',
    status: 201,
    request: ({ db }) => ({ path: `/${db}/_purge`, json: {} }),
  },
  {
    route: 'POST /:db/_compact',
    right: 'maintainer',
    status: 202,
    request: ({ db }) => ({ path: `/${db}/_compact`, json: {} }),
  },
  {
    route: 'POST /:db/_all_docs',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_all_docs`, json: { keys: ['doc'] } }),
  },
  {
    route: 'POST /:db/_all_docs/queries',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_all_docs/queries`, json: { queries: [] } }),
  },
  { route: 'GET /:db/_design_docs', right: 'member', status: 200 },
  {
    route: 'POST /:db/_design_docs',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_design_docs`, json: { keys: ['doc'] } }),
  },
  {
    route: 'POST /:db/_design_docs/queries',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_design_docs/queries`, json: { queries: [] } }),
  },
  { route: 'GET /:db/_local_docs', right: 'member', status: 200 },
  {
    route: 'POST /:db/_local_docs',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_local_docs`, json: { keys: ['doc'] } }),
  },
  {
    route: 'POST /:db/_local_docs/queries',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_local_docs/queries`, json: { queries: [] } }),
  },
  { route: 'GET /:db/_partition/:partition/_all_docs', right: 'member', status: 400 },
  {
    route: 'POST /:db/_partition/:partition/_all_docs',
    right: 'member',
    status: 400,
    request: ({ db }) => ({ path: `/${db}/_partition/p/_all_docs`, json: {} }),
  },
  {
    route: 'POST /:db/_partition/:partition/_all_docs/queries',
    right: 'member',
    status: 400,
    request: ({ db }) => ({ path: `/${db}/_partition/p/_all_docs/queries`, json: { queries: [] } }),
  },
  { route: 'GET /:db/_changes', right: 'member', status: 200 },
  {
    route: 'POST /:db/_changes',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_changes`, json: {} }),
  },
  {
    route: 'POST /:db/_bulk_docs',
    right: 'member',
    status: 201,
    request: ({ db }) => ({ path: `/${db}/_bulk_docs`, json: { docs: [] } }),
  },
  {
    route: 'POST /:db/_bulk_get',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_bulk_get`, json: { docs: [] } }),
  },
  {
    route: 'POST /:db/_revs_diff',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_revs_diff`, json: {} }),
  },
  {
    route: 'POST /:db/_missing_revs',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_missing_revs`, json: {} }),
  },
  {
    route: 'POST /:db/_try_view',
    right: 'db-admin',
    status: 200,
    request: ({ db }) => ({
      path: `/${db}/_try_view`,
      json: { map: 'function (doc) {}', docs: [] },
    }),
  },
  {
    route: 'POST /:db/_view_cleanup',
    right: 'maintainer',
    status: 202,
    request: ({ db }) => ({ path: `/${db}/_view_cleanup`, headers: JSON_TYPE }),
  },
  {
    route: 'POST /:db/_compact/:name',
    right: 'maintainer',
    status: 202,
    request: ({ db }) => ({ path: `/${db}/_compact/d`, headers: JSON_TYPE }),
  },
  ...['GET', 'POST', 'PUT', 'DELETE'].map((method): Row => {
    return { route: `${method} /:db/_temp_view`, right: 'member', status: 410 }
  }),

  // Documents
  { route: 'GET /:db/:docid', right: 'member', status: 200 },
  {
    route: 'PUT /:db/:docid',
    right: 'member',
    status: 201,
    request: ({ db }) => ({ path: `/${db}/new`, json: {} }),
  },
  {
    route: 'DELETE /:db/:docid',
    right: 'member',
    status: 200,
    request: ({ db, docRev }) => ({ path: `/${db}/doc?rev=${docRev}` }),
  },
  { route: 'POST /:db/:docid', right: 'member', status: 400 },
  {
    route: 'COPY /:db/:docid',
    right: 'member',
    status: 201,
    request: ({ db }) => ({ path: `/${db}/doc`, headers: { destination: 'copied' } }),
  },
  { route: 'GET /:db/:docid/*attachment', right: 'member', status: 404 },
  {
    route: 'PUT /:db/:docid/*attachment',
    right: 'member',
    status: 201,
    request: ({ db }) => ({
      path: `/${db}/fresh/a.txt`,
      raw: 'x',
      headers: { 'content-type': 'text/plain' },
    }),
  },
  {
    route: 'DELETE /:db/:docid/*attachment',
    right: 'member',
    status: 200,
    request: ({ db, docRev }) => ({ path: `/${db}/doc/a.txt?rev=${docRev}` }),
  },
  { route: 'GET /:db/_local/:name', right: 'member', status: 404 },
  {
    route: 'PUT /:db/_local/:name',
    right: 'member',
    status: 201,
    request: ({ db }) => ({ path: `/${db}/_local/l`, json: {} }),
  },
  { route: 'DELETE /:db/_local/:name', right: 'member', status: 404 },
  { route: 'POST /:db/_local/:name', right: 'member', status: 400 },
  {
    route: 'COPY /:db/_local/:name',
    right: 'member',
    status: 404,
    request: ({ db }) => ({ path: `/${db}/_local/l`, headers: { destination: 'copied' } }),
  },
  { route: 'GET /:db/_local/:name/*attachment', right: 'member', status: 400 },
  { route: 'PUT /:db/_local/:name/*attachment', right: 'member', status: 400 },
  { route: 'DELETE /:db/_local/:name/*attachment', right: 'member', status: 400 },
  {
    route: 'GET /:db/:systemName',
    right: 'member',
    status: 404,
    request: ({ db }) => ({ path: `/${db}/_local%2Fl` }),
  },
  {
    route: 'PUT /:db/:systemName',
    right: 'member',
    status: 201,
    request: ({ db }) => ({ path: `/${db}/_local%2Fl`, json: {} }),
  },
  {
    route: 'DELETE /:db/:systemName',
    right: 'member',
    status: 404,
    request: ({ db }) => ({ path: `/${db}/_local%2Fl` }),
  },
  {
    route: 'POST /:db/:systemName',
    right: 'member',
    status: 400,
    request: ({ db }) => ({ path: `/${db}/_local%2Fl` }),
  },
  {
    route: 'COPY /:db/:systemName',
    right: 'member',
    status: 404,
    request: ({ db }) => ({ path: `/${db}/_local%2Fl`, headers: { destination: 'copied' } }),
  },
  {
    route: 'DELETE /:db/:systemName/*attachment',
    right: 'member',
    status: 400,
    request: ({ db }) => ({ path: `/${db}/_local%2Fl/a` }),
  },
  {
    route: 'GET /:db/:systemName/*attachment',
    right: 'member',
    status: 400,
    request: ({ db }) => ({ path: `/${db}/_local%2Fl/a` }),
  },
  {
    route: 'PUT /:db/:systemName/*attachment',
    right: 'member',
    status: 400,
    request: ({ db }) => ({ path: `/${db}/_local%2Fl/a` }),
  },

  // Design documents
  {
    route: 'COPY /:db/_design/:name',
    right: 'member',
    status: 201,
    request: ({ db }) => ({ path: `/${db}/_design/d`, headers: { destination: 'copied' } }),
  },
  { route: 'GET /:db/_design/:name', right: 'member', status: 200 },
  {
    route: 'PUT /:db/_design/:name',
    right: 'db-admin',
    status: 201,
    request: ({ db }) => ({ path: `/${db}/_design/n`, json: {} }),
  },
  {
    route: 'DELETE /:db/_design/:name',
    right: 'db-admin',
    status: 200,
    request: ({ db, designRev }) => ({ path: `/${db}/_design/d?rev=${designRev}` }),
  },
  { route: 'POST /:db/_design/:name', right: 'member', status: 400 },
  { route: 'GET /:db/_design/:name/*attachment', right: 'member', status: 404 },
  {
    route: 'PUT /:db/_design/:name/*attachment',
    right: 'db-admin',
    status: 201,
    request: ({ db }) => ({
      path: `/${db}/_design/fresh/a.txt`,
      raw: 'x',
      headers: { 'content-type': 'text/plain' },
    }),
  },
  {
    route: 'DELETE /:db/_design/:name/*attachment',
    right: 'db-admin',
    status: 200,
    request: ({ db, designRev }) => ({ path: `/${db}/_design/d/a.txt?rev=${designRev}` }),
  },
  { route: 'GET /:db/_design/:name/_info', right: 'member', status: 200 },
  { route: 'GET /:db/_design/:name/_view/:view', right: 'member', status: 200 },
  {
    route: 'POST /:db/_design/:name/_view/:view',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_design/d/_view/v`, json: {} }),
  },
  {
    route: 'POST /:db/_design/:name/_view/:view/queries',
    right: 'member',
    status: 200,
    request: ({ db }) => ({ path: `/${db}/_design/d/_view/v/queries`, json: { queries: [] } }),
  },
  {
    route: 'GET /:db/_partition/:partition/_design/:name/_view/:view',
    right: 'member',
    status: 400,
    request: ({ db }) => ({ path: `/${db}/_partition/p/_design/d/_view/v` }),
  },
  {
    route: 'POST /:db/_partition/:partition/_design/:name/_view/:view',
    right: 'member',
    status: 400,
    request: ({ db }) => ({ path: `/${db}/_partition/p/_design/d/_view/v`, json: {} }),
  },
  {
    route: 'POST /:db/_partition/:partition/_design/:name/_view/:view/queries',
    right: 'member',
    status: 400,
    request: ({ db }) => ({ path: `/${db}/_partition/p/_design/d/_view/v/queries`, json: { queries: [] } }),
  },
]

/** There are no such jobs. */
function reshardJob(method: string, rest: string): Row {
  const request = () => ({ path: `/_reshard/jobs/none${rest}`, json: { state: 'running' } })
  return { route: `${method} /_reshard/jobs/:job${rest}`, right: 'server-admin', status: 404, request }
}
