import test from 'ava'
import { asDatabaseName } from '../../../../protocol/database-name.ts'
import { fail } from '../../../../protocol/errors.ts'
import { createGenesis } from '../../../../server/cluster/group/log-head.ts'
import type { ReplicatedLog } from '../../../../server/cluster/log/contract.ts'
import { LevelLogEngine } from '../../../../server/cluster/log/level-log.ts'
import { ClusterSignature } from '../../../../server/cluster/nodes/signature.ts'
import { Counters } from '../../../../server/cluster/service/counters.ts'
import { Freshness } from '../../../../server/cluster/service/freshness.ts'
import { Config } from '../../../../server/config/config.ts'
import { eventually } from '../../../helpers/eventually.ts'
import { type GroupNode, groupNode } from '../../../helpers/group-node.ts'
import { logOver } from '../../../helpers/log-over.ts'
import { write } from '../../../helpers/write.ts'

const NAME = asDatabaseName('test')

/** A log that appends, and loses its answers from then on. */
class AnswersLost {
  #lose: (() => void) | undefined
  #isLosing = false
  readonly #log: ReplicatedLog

  constructor(log: ReplicatedLog) {
    this.#log = log
  }

  get log(): ReplicatedLog {
    const log = this.#log
    return logOver(log, {
      append: async (expected, bytes) => {
        const appended = await log.append(expected, bytes)
        if (!this.#isLosing) return appended
        this.#isLosing = false
        return new Promise((_, reject) => (this.#lose = () => reject(fail('logUnavailable'))))
      },
    })
  }

  /** The next append has no answer. */
  hold(): void {
    this.#isLosing = true
  }

  get isHeld(): boolean {
    return this.#lose !== undefined
  }

  /** Nobody waits for the answer any more. */
  giveUp(): void {
    this.#lose?.()
  }
}

/** Freshness of a node that nobody but itself tells of the leader. */
async function freshnessOf({ group }: GroupNode, node: string): Promise<Freshness> {
  const address = { node, url: `http://${node}` }
  return new Freshness({
    ...{ config: await Config.open({}), counters: new Counters(), signature: new ClusterSignature('secret') },
    ...{ address, group, leader: address, stopped: undefined },
    get isLeader() {
      return group.isLeader
    },
    provenPosition: async () => {
      await group.confirm()
      return group.position
    },
  })
}

// Followers showed a sequence that a leader in doubt did not know: a feed that came to it began again.
test('a leader whose append has no answer does not say that it has all that followers may show', async t => {
  const engine = await LevelLogEngine.open()
  await createGenesis(engine.connect(), 'test')
  const lossy = new AnswersLost(engine.connect())
  const [a, b] = [await groupNode(lossy.log, 'a'), await groupNode(engine.connect(), 'b')]
  t.true(await a.group.lead(a.catalog))
  const here = await a.catalog.create(NAME, { partitioned: false })
  await write(here, [{ _id: 'first' }])
  lossy.hold()
  const second = write(here, [{ _id: 'second' }])
  await eventually('it is appended', () => lossy.isHeld)
  await b.catchUp()
  const freshness = await freshnessOf(a, 'a')
  let isCurrent = false
  const caughtUp = freshness.catchUp().then(() => (isCurrent = true))
  lossy.giveUp()
  await t.throwsAsync(second)
  t.false(a.group.isLeader)
  await new Promise(resolve => setImmediate(resolve))
  t.false(isCurrent, 'it does not have the second document')

  await a.catchUp()
  t.true(await a.group.lead(a.catalog))
  await caughtUp
  t.is(Number.parseInt(here.seq), 2)
  await b.catchUp()
  t.is((await b.catalog.open(NAME)).seq, here.seq)
  await a.close()
  await b.close()
  await engine.close()
})
