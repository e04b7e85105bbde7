import test from 'ava'
import { asRev } from '../../../../protocol/revision.ts'
import { showEtag } from '../../../../server/routes/functions/show-etag.ts'

const ddoc = asRev('1-2fc842f2bb6edc74a465310545d2b811')
const document = asRev('1-2fceb96f5cb72284add9e5bbb3c70bb4')
const roles = ['_admin']

// Recorded of CouchDB 3.5.0: design/show-functions.
test("a show's ETag is CouchDB's", t => {
  const accept = 'application/json'
  t.is(showEtag({ ddoc, document, accept, roles }), 'EUPZKK8LVKTI2H93P2XD2M3PS')
  t.is(showEtag({ ddoc, document: undefined, accept, roles }), '62E2IBCUR3D25HM9SSD33TCUU')
  t.is(showEtag({ ddoc, document, accept: 'text/html', roles }), '4SA0N08OL0MMGT36JEQG2VMVB')
})
