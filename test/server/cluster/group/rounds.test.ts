import test from 'ava'
import { LevelLogEngine } from '../../../../server/cluster/log/level-log.ts'
import { clusterRound } from '../../../helpers/cluster-rounds.ts'

test('no acknowledged write is lost, and stores are equal, after kills, cuts and contending leaders', async t => {
  const rounds = Number(process.env.CLUSTER_ROUNDS ?? 2)
  const first = Number(process.env.CLUSTER_SEED ?? Date.now() % 1_000_000)
  for (let seed = first; seed < first + rounds; seed++) {
    t.log(`CLUSTER_SEED=${seed}`)
    const engine = await LevelLogEngine.open()
    const counts = await clusterRound(seed, engine)
    t.log(JSON.stringify(counts))
    t.true(counts.takeovers > 0)
    await engine.close()
  }
})
