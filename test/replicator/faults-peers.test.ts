import test from 'ava'
import type { ExecutionContext } from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../helpers/eventually.ts'
import { agree } from '../helpers/faults/contents.ts'
import { IMPATIENT, jobState, replicateBothWays, untilCheckpointed } from '../helpers/faults/jobs.ts'
import { inTurn, seeded, seeds } from '../helpers/faults/random.ts'
import { RestartableNode } from '../helpers/faults/restartable.ts'
import { add } from '../helpers/faults/sample.ts'
import { call } from '../helpers/http.ts'
import { converged } from '../helpers/replication.ts'

const NAME = 'kept'
const LONGER_THAN_THE_RETRIES_MS = 1500

interface Two {
  /** Runs the jobs. */
  readonly near: RestartableNode
  readonly far: RestartableNode
  /** Adds documents of all kinds to one of them. */
  readonly write: (node: RestartableNode, prefix: string, documents?: number) => Promise<void>
}

/** Two nodes that jobs of one of them keep the same, with some documents on both. */
const withTwo = test.macro(async (t: ExecutionContext, seed: number, body: (two: Two) => Promise<void>) => {
  const [near, far] = await Promise.all([RestartableNode.start(IMPATIENT), RestartableNode.start()])
  try {
    const random = seeded(seed)
    const write: Two['write'] = (node, prefix, documents = 40) =>
      add(node.url, NAME, { prefix, documents, random })
    await replicateBothWays(near.url, far.url, NAME)
    await write(far, 'far')
    await write(near, 'near')
    await settled(near, far)
    await body({ near, far, write })
    await converged(near.url, far.url, NAME)
    await agree(t, near.url, far.url, NAME)
    for (const job of ['pull', 'push'])
      await eventually(`${job} runs`, async () => (await jobState(near.url, job)).state === 'running')
  } finally {
    await Promise.all([near.close(), far.close()])
  }
})

async function settled(near: RestartableNode, far: RestartableNode): Promise<void> {
  await converged(near.url, far.url, NAME)
  await untilCheckpointed(near.url, 'pull', `${far.url}/${NAME}`)
  await untilCheckpointed(near.url, 'push', `${near.url}/${NAME}`)
}

const run = inTurn ? test.serial : test

for (const seed of seeds(1)) {
  run(
    `a peer that was away for long is caught up with (seed ${seed})`,
    withTwo,
    seed,
    async ({ near, far, write }) => {
      await far.stop()
      await write(near, 'meanwhile')
      await sleep(LONGER_THAN_THE_RETRIES_MS)
      await far.start()
      await write(far, 'back')
    },
  )

  run(
    `the replicating node goes on after a restart (seed ${seed})`,
    withTwo,
    seed,
    async ({ near, far, write }) => {
      await near.stop()
      await write(far, 'meanwhile')
      await near.start()
      await write(near, 'back')
    },
  )

  run(
    `a peer restored from a backup gets back what it lost (seed ${seed})`,
    withTwo,
    seed,
    async ({ near, far, write }) => {
      await far.backUp()
      await write(far, 'lost')
      await settled(near, far)
      await far.restore()
      await write(far, 'other', 10)
    },
  )

  run(
    `a peer restored to a state before its last changes were seen in a checkpoint (seed ${seed})`,
    withTwo,
    seed,
    async ({ far, write }) => {
      await far.backUp()
      await write(far, 'lost', 30)
      await far.restore()
      await write(far, 'other', 10)
    },
  )

  run(
    `the replicating node restored from a backup gets back what it lost (seed ${seed})`,
    withTwo,
    seed,
    async ({ near, far, write }) => {
      await near.backUp()
      await write(near, 'lost')
      await settled(near, far)
      await near.restore()
      await write(near, 'other', 10)
    },
  )

  run(
    `a database created again at the peer is filled again (seed ${seed})`,
    withTwo,
    seed,
    async ({ far, write }) => {
      await call(far.url, 'DELETE', `/${NAME}`)
      await call(far.url, 'PUT', `/${NAME}`)
      await write(far, 'again', 10)
    },
  )

  run(
    `a database created again at the replicating node is filled again (seed ${seed})`,
    withTwo,
    seed,
    async ({ near, write }) => {
      await call(near.url, 'DELETE', `/${NAME}`)
      await sleep(LONGER_THAN_THE_RETRIES_MS)
      await call(near.url, 'PUT', `/${NAME}`)
      await write(near, 'again', 10)
    },
  )
}
