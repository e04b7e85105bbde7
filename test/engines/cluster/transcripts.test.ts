import test, { type ExecutionContext } from 'ava'
import { replayAll, TELL_OF_ONE_NODE } from '../../conformance/replay-area.ts'
import { TestCluster } from '../../helpers/cluster-nodes.ts'
import { areas, scenariosOf } from '../../helpers/replay/scenario.ts'
import { SLOW_FUNCTIONS } from '../../helpers/server.ts'
import { NatsCluster } from './nats-cluster.ts'
import { PostgresPair } from './postgres-pair.ts'

/** `npm run transcripts:cluster` replays all of them. */
const EVERY = 8

/** Replays every eighth scenario of each area, beginning with one of them. */
async function replaySome(t: ExecutionContext, url: string, from: number): Promise<void> {
  const scenarios = areas()
    .flatMap(area => scenariosOf(area).filter((_, index) => index % EVERY === from))
    .filter(({ name }) => !TELL_OF_ONE_NODE.has(name))
  const verdicts = await replayAll(url, scenarios, { stopAtFirst: true })
  t.log(`${verdicts.length} scenarios`)
  t.true(verdicts.length > 30)
  t.deepEqual(
    verdicts.filter(({ differences }) => differences.length > 0),
    [],
  )
}

async function startCluster(t: ExecutionContext, log: string): Promise<TestCluster> {
  const { section, key, value } = SLOW_FUNCTIONS
  const cluster = await TestCluster.start(log, { settings: { [`${section}/${key}`]: value } })
  t.teardown(() => cluster.close())
  return cluster
}

test.serial(
  'P1: a follower answers as CouchDB 3.5.0, over PostgreSQL with a synchronous standby',
  async t => {
    t.timeout(300_000)
    const pair = await PostgresPair.start()
    t.teardown(() => pair.close())
    const cluster = await startCluster(t, pair.bothUrl)
    const [follower] = cluster.others(await cluster.leader())
    await replaySome(t, follower!.url, 0)
  },
)

test.serial('P1: a leader answers as CouchDB 3.5.0, over three servers of NATS', async t => {
  t.timeout(300_000)
  const nats = await NatsCluster.start()
  t.teardown(() => nats.close())
  const cluster = await startCluster(t, nats.url)
  await replaySome(t, (await cluster.leader()).url, 4)
})
