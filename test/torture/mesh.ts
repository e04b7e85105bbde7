import { parseArgs } from 'node:util'
import { meshRounds } from '../helpers/mesh-rounds.ts'

/**
 * `npm run torture:mesh -- --nodes 10 --rounds 5 --seed 7 [--regions 2]`: joins nodes by commands, cuts them apart, writes at
 * random, ends and replaces members, heals, and compares the leaves of all.
 */
const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '5' },
    regions: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
const seed = Number(values.seed)
console.log(`seed ${seed}`)
const { documents, conflicts } = await meshRounds({
  nodes: Number(values.nodes),
  rounds: Number(values.rounds),
  regions: Number(values.regions),
  seed,
  writes: 10,
  replaces: true,
  log: line => console.log(line),
})
console.log(`all nodes have the same leaves: ${documents} documents, ${conflicts} of them with several`)
