import test from 'ava'
import { tortureCluster } from '../../torture/cluster/rounds.ts'

test('nodes and servers of the log are killed, stopped and cut off, and nothing that was promised is broken', async t => {
  t.timeout(300_000)
  const seed = Number(process.env['CLUSTER_SEED'] ?? Date.now() % 1_000_000)
  t.log(`CLUSTER_SEED=${seed}`)
  const { faults, ...counts } = await tortureCluster({
    seconds: 15,
    engine: seed % 2 === 0 ? 'nats' : 'postgres',
    seed,
    log: line => t.log(line),
  })
  t.log(JSON.stringify(counts))
  t.deepEqual(faults, [])
  t.true(counts.writes > 0)
})
