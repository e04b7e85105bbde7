import test from 'ava'
import { ClusterSignature } from '../../../../server/cluster/nodes/signature.ts'

test('a request is signed for one method and one URL, under the secret of one cluster', t => {
  const mine = new ClusterSignature('mine')
  const header = mine.sign('PUT', '/db/doc?new_edits=false')
  t.true(mine.isOf(header, 'PUT', '/db/doc?new_edits=false'))
  t.false(mine.isOf(header, 'DELETE', '/db/doc?new_edits=false'))
  t.false(mine.isOf(header, 'PUT', '/db/doc'))
  t.false(mine.isOf(header.replace(/^\w+/, '0'), 'PUT', '/db/doc?new_edits=false'), 'an old one')
  t.false(new ClusterSignature('other').isOf(header, 'PUT', '/db/doc?new_edits=false'))
  for (const forged of ['', '.', 'x.y', header.slice(0, -1)])
    t.false(mine.isOf(forged, 'PUT', '/db/doc?new_edits=false'))
})
