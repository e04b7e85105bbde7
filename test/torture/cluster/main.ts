import { parseArgs } from 'node:util'
import { tortureCluster } from './rounds.ts'

/**
 * `npm run torture:cluster -- --minutes 10 --engine nats [--seed 7]`: three nodes in networks of their own over PostgreSQL or NATS;
 * nodes and servers are killed, stopped and cut off while clients write and read. Needs root, for the networks.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    engine: { type: 'string', default: 'postgres' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
const engine = values.engine === 'nats' ? 'nats' : 'postgres'
console.log(`seed ${values.seed}, ${engine}, ${values.minutes} minutes`)
const started = performance.now()
const { faults, ...counts } = await tortureCluster({
  seconds: Number(values.minutes) * 60,
  engine,
  seed: Number(values.seed),
  log: line => console.log(`${((performance.now() - started) / 1000).toFixed(1)} s: ${line}`),
})
console.log(JSON.stringify(counts))
for (const fault of faults) console.log(`FAULT: ${fault}`)
process.exitCode = faults.length === 0 ? 0 : 1
