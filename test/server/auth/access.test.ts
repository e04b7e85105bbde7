import test from 'ava'
import { type Access, accessOf } from '../../../server/routing/access.ts'

const NEEDED: Record<Access, string[]> = {
  everybody: ['GET /', 'GET /_up', 'GET /_uuids', 'POST /_session', 'GET /_utils/x', 'GET /favicon.ico'],
  user: ['POST /_replicate'],
  metrics: ['GET /_node/_local/_stats', 'GET /_node/_local/_system', 'GET /_node/n@h/_prometheus'],
  'list-databases': ['GET /_all_dbs', 'POST /_dbs_info'],
  'server-admin': [
    'GET /_active_tasks',
    'GET /_node/_local',
    'GET /_node/_local/_config',
    'GET /_never_heard_of',
    'POST /_utils',
    'GET /_global_changes',
    'PUT /db',
    'DELETE /db',
    'DELETE /db/',
    'POST /db/_purge',
    'PUT /db/_purged_infos_limit',
    'PUT /_users',
    'GET /_users/_all_docs',
    'POST /_users/_all_docs/queries',
    'GET /_replicator/_changes',
  ],
  member: [
    'GET /db',
    'POST /db',
    'GET /db/doc',
    'PUT /db/_design/d',
    'PUT /db/_security',
    'GET /db/_all_docs',
    'GET /db/_purged_infos_limit',
    'GET /db/hasOwnProperty',
    'GET /_users/org.couchdb.user:a',
    'GET /_users/_design/_auth',
    'GET /_users/_design/d/_view/v',
    'PUT /_replicator/job',
  ],
  'db-admin': ['POST /_users/_find', 'GET /_users/_design_docs', 'GET /_replicator/_design/d/_view/v'],
  maintainer: ['POST /db/_compact', 'POST /db/_compact/ddoc', 'POST /db/_view_cleanup'],
}

for (const [access, requests] of Object.entries(NEEDED)) {
  for (const request of requests) {
    test(`${request} needs ${access}`, t => {
      const [method = '', path = ''] = request.split(' ')
      t.is(accessOf(method, path === '/' ? [] : path.slice(1).split('/')), access as Access)
    })
  }
}
