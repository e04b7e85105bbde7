import { TEST_THREADS } from '../../../harness/test-threads.ts'
import { row, type Row } from './rights-row.ts'
import { DATABASE_ROWS } from './rights-of-databases.ts'
import { DOCUMENT_ROWS } from './rights-of-documents.ts'

/**
 * Every route with the right that it needs. A route that is registered and not here fails the test: add a row, with the least right
 * that CouchDB asks for.
 */
export const ROWS: readonly Row[] = [
  // The server
  row('GET /', 'everybody', 200),
  row('GET /_up', 'everybody', 200),
  row('GET /_uuids', 'everybody', 200),
  row('GET /_utils', 'everybody', 301),
  row('GET /_utils/*file', 'everybody', 404),
  row('GET /_session', 'everybody', 200),
  row('POST /_session', 'everybody', 200, () => ({
    path: '/_session',
    json: { name: 'admin', password: 'pass' },
  })),
  row('DELETE /_session', 'everybody', 200),
  row('GET /_all_dbs', 'server-admin', 200),
  row('GET /_membership', 'server-admin', 200),
  row('GET /_node', 'server-admin', 400),
  row('GET /_node/:node', 'server-admin', 200),
  row('GET /_node/:node/_config', 'server-admin', 200),
  row('POST /_node/:node/_config/_reload', 'server-admin', 200),
  row('GET /_node/:node/_config/:section', 'server-admin', 200),
  row('GET /_node/:node/_config/:section/:key', 'server-admin', 404),
  row('PUT /_node/:node/_config/:section/:key', 'server-admin', 200, () => ({
    path: '/_node/_local/_config/x/y',
    json: 'z',
  })),
  row('DELETE /_node/:node/_config/:section/:key', 'server-admin', 404, () => ({
    path: '/_node/_local/_config/x/none',
  })),
  row('GET /_node/:node/_settings', 'server-admin', 200),
  row('GET /_node/:node/_log', 'server-admin', 200),
  row('GET /_node/:node/_health', 'metrics', 200),
  // A server in memory has nothing to back up; one with front threads is never in memory.
  row('POST /_node/:node/_backup', 'server-admin', TEST_THREADS > 1 ? 201 : 501, () => ({
    path: '/_node/_local/_backup',
    json: {},
  })),
  row('DELETE /_node/:node/_backup/:id', 'server-admin', 404),
  row('GET /_node/:node/_backup/:id/*path', 'server-admin', 404),
  row('GET /_node/:node/_stats', 'metrics', 200),
  row('GET /_node/:node/_stats/*path', 'metrics', 200),
  row('GET /_node/:node/_system', 'metrics', 200),
  row('GET /_node/:node/_prometheus', 'metrics', 200),
  row('GET /_node/:node/_smoosh/status', 'server-admin', 200),
  row('POST /_node/:node/_restart', 'server-admin', 404),
  row('GET /_node/:node/*rest', 'server-admin', 404),
  row('PUT /_node/:node/*rest', 'server-admin', 404),
  row('POST /_node/:node/*rest', 'server-admin', 404),
  row('DELETE /_node/:node/*rest', 'server-admin', 404),
  row('COPY /_node/:node/*rest', 'server-admin', 404),
  ...['/_scheduler/*rest', '/_reshard/*rest'].flatMap(path =>
    ['GET', 'PUT', 'POST', 'DELETE', 'COPY'].map((method): Row => {
      return { route: `${method} ${path}`, right: 'server-admin', status: 404 }
    }),
  ),
  row('GET /_node/:node/_versions', 'server-admin', 200),
  row('POST /_compare', 'user', 400, () => ({ path: '/_compare', json: {} })),
  row('POST /_repair', 'user', 400, () => ({ path: '/_repair', json: {} })),
  row('POST /_replicate', 'user', 404, () => ({
    path: '/_replicate',
    json: { replication_id: 'none', cancel: true },
  })),

  row('GET /_active_tasks', 'server-admin', 200),
  row('GET /_scheduler/jobs', 'server-admin', 200),
  row('GET /_scheduler/jobs/:job', 'server-admin', 404),
  row('GET /_scheduler/docs', 'server-admin', 200),
  row('GET /_scheduler/docs/*path', 'server-admin', 200, () => ({ path: '/_scheduler/docs/_replicator' })),
  row('POST /_scheduler/docs/*path', 'server-admin', 405, () => ({
    path: '/_scheduler/docs/_replicator',
    json: {},
  })),

  row('GET /_db_updates', 'server-admin', 200),
  row('GET /_mesh', 'server-admin', 404),
  row('PUT /_mesh', 'server-admin', 400, () => ({ path: '/_mesh', json: {} })),
  row('DELETE /_mesh', 'server-admin', 404),
  row('POST /_mesh/invitations', 'server-admin', 404, () => ({ path: '/_mesh/invitations', json: {} })),
  row('POST /_mesh/join', 'server-admin', 400, () => ({ path: '/_mesh/join', json: {} })),
  row('POST /_mesh/hello', 'server-admin', 404),
  row('POST /_mesh/members', 'everybody', 404, () => ({ path: '/_mesh/members', json: {} })),
  row('DELETE /_mesh/members/:member', 'server-admin', 404),
  row('PUT /_mesh/passive/:name', 'server-admin', 400, () => ({ path: '/_mesh/passive/couch', json: {} })),
  row('DELETE /_mesh/passive/:name', 'server-admin', 404),
  row('GET /_credentials', 'server-admin', 200),
  row('GET /_credentials/:name', 'server-admin', 404),
  row('PUT /_credentials/:name', 'server-admin', 400, () => ({ path: '/_credentials/prod', json: {} })),
  row('DELETE /_credentials/:name', 'server-admin', 404),

  ...DATABASE_ROWS,
  ...DOCUMENT_ROWS,
]
