// Replays the transcripts against a follower of three nodes, or, with --leader, against their leader: see cli.ts.
import { ServerCluster } from '../helpers/server-cluster.ts'

const LEADER = '--leader'

const cluster = await ServerCluster.start()
try {
  const leader = await cluster.leader()
  const isForLeader = process.argv.includes(LEADER)
  const node = isForLeader ? leader : cluster.nodes.find(one => one !== leader)
  process.argv = process.argv.filter(argument => argument !== LEADER)
  process.env['COUCH_URL'] = (node ?? leader).url
  process.env['COUCH_IS_CLUSTER'] = 'true'
  await import('./cli.ts')
} finally {
  await cluster.close()
}
