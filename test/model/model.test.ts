import fc from 'fast-check'
import test from 'ava'
import { RestartableNode } from '../helpers/faults/restartable.ts'
import { call } from '../helpers/http.ts'
import { SLOW_FUNCTIONS } from '../helpers/server.ts'
import { commands, type System } from './commands.ts'
import { DESIGN } from './compare.ts'
import { PlainModel } from './plain-model.ts'

/** Runs of the normal tests; MODEL_RUNS sets another number, MODEL_SEED repeats one. */
const RUNS = Number(process.env.MODEL_RUNS ?? 6)
const COMMANDS = 25

test('a server and a plain model of CouchDB agree after each of any commands, over restarts', async t => {
  t.timeout(10 * 60_000)
  const property = fc.asyncProperty(commands(COMMANDS), async steps => {
    const node = await RestartableNode.start([SLOW_FUNCTIONS])
    const system: System = {
      url: node.url,
      restart: async () => {
        await node.stop()
        await node.start()
      },
    }
    try {
      await call(system.url, 'PUT', '/db')
      await call(system.url, 'PUT', '/db/_design/by', { json: DESIGN })
      await fc.asyncModelRun(() => ({ model: new PlainModel(), real: system }), steps)
    } finally {
      await node.close()
    }
  })
  const seed = process.env.MODEL_SEED === undefined ? {} : { seed: Number(process.env.MODEL_SEED) }
  // A failure is told with its commands and its seed.
  await fc.assert(property, {
    numRuns: RUNS,
    includeErrorInReport: true,
    endOnFailure: process.env.MODEL_SEED === undefined,
    ...seed,
  })
  t.pass()
})
