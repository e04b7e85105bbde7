import test from 'ava'
import { type ServedBy, servedBy } from '../../../../server/cluster/front/served-here.ts'

const cases: Readonly<Record<ServedBy, readonly string[]>> = {
  here: [
    'GET /',
    'GET /_up',
    'POST /_session',
    'GET /_node/_local/_prometheus',
    'PUT /_node/_local/_config/log/level',
    'GET /db',
    'GET //db//doc',
    'GET /db/doc',
    'HEAD /db/doc/file.txt',
    'GET /db/_changes?since=5-abc&feed=continuous',
    'POST /db/_find',
    'GET /db/_design/d/_view/v',
    'POST /db/_design/d/_view/v',
    'POST /db/_compact/d',
    'GET /_users/org.couchdb.user:ann',
    'GET /_cluster',
  ],
  'here when current': [
    'GET /db/doc?rev=1-abc',
    'GET /db/doc?open_revs=all',
    'GET /db/_local/checkpoint',
    'GET /db/_local%2Fcheckpoint',
    'GET /db/_all_docs?keys=%5B%22a%22%5D',
    'POST /db/_all_docs',
    'POST /db/_bulk_get',
    'POST /db/_revs_diff',
    'POST /db/_missing_revs',
  ],
  leader: [
    'PUT /db',
    'DELETE /db',
    'PUT /db/doc',
    'COPY /db/doc',
    'POST /db',
    'POST /db/_bulk_docs',
    'PUT /db/_local/checkpoint',
    'POST /db/_compact',
    'POST /db/_purge',
    'PUT /db/_security',
    'POST /db/_design/d/_update/f',
    'GET /db/_design/d/_rewrite/x',
    'GET /db/_retention',
    'POST /db/_index',
    'POST /db/_ensure_full_commit',
    'PUT /_users/org.couchdb.user:ann',
    'PUT /_node/_local/_config/couchdb/max_document_size',
    'DELETE /_node/_local/_config/admins/ann',
    'POST /_replicate',
    'GET /_scheduler/jobs',
    'DELETE /_cluster/members/node3',
    'POST /_unknown',
  ],
}

for (const [by, requests] of Object.entries(cases)) {
  for (const request of requests) {
    test(`${request} is served by ${by}`, t => {
      const [method = '', url = ''] = request.split(' ')
      t.is(servedBy(method, url), by as ServedBy)
    })
  }
}
