import test from 'ava'
import { ROUTES } from '../../../server/routes/table.ts'
import type { Right } from '../../../server/routing/access.ts'
import { RouteMatcher } from '../../../server/routing/route-matcher.ts'

const routes = new RouteMatcher(ROUTES)

const NEEDED: Record<Right, string[]> = {
  everybody: ['GET /', 'GET /_up', 'GET /_uuids', 'POST /_session', 'GET /_utils/x', 'GET /favicon.ico'],
  user: ['POST /_replicate'],
  metrics: ['GET /_node/_local/_stats', 'GET /_node/_local/_system', 'GET /_node/n@h/_prometheus'],
  'list-databases': ['GET /_all_dbs', 'POST /_dbs_info'],
  'server-admin': [
    'GET /_active_tasks',
    'GET /_node/_local',
    'GET /_node/_local/_config',
    'GET /_never_heard_of',
    'GET /_never_heard_of/x',
    'GET /_up/x',
    'GET /_node/_local/_system/x',
    'GET /_scheduler/x',
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
    'GET /a%2F_users/_all_docs',
    'GET /%5Fusers/%5Fall_docs',
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

for (const [right, requests] of Object.entries(NEEDED)) {
  for (const request of requests) {
    test(`${request} needs ${right}`, t => {
      const [method = '', path = ''] = request.split(' ')
      t.is(routes.match(method, path).right, right as Right)
    })
  }
}
