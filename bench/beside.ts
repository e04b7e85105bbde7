// Measures how long requests and feeds take beside the work that a node does on its own; see bench/README.md.
import { parseArgs } from 'node:util'
import type { Client } from '../harness/client.ts'
import { beside, type Latencies } from './beside/latencies.ts'
import { WORKS } from './beside/works.ts'
import { onOwnNode } from './own-node.ts'
import { Target } from './target.ts'

const HELP = `node dist/bench/beside.js [--url URL] [--documents N] [--idle SECONDS] [NAME...]

  --url        the server, with an admin's credentials; without it a node is started on a temporary directory,
               with as many front threads as COUCHETTE_TEST_THREADS says
  --documents  how many documents are replicated, compacted and indexed (100000)
  --idle       how long the idle server is measured, before and after (5)
  NAME         the works, by the beginning of their names: ${WORKS.map(({ name }) => name).join(', ')}`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string' },
    documents: { type: 'string', default: '100000' },
    idle: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
})
const chosen = WORKS.filter(
  ({ name }) => positionals.length === 0 || positionals.some(part => name.startsWith(part)),
)
const idleMs = Number(values.idle) * 1000

if (values.help) console.log(HELP)
else if (values.url !== undefined) await measure(values.url)
else await onOwnNode(measure)

async function measure(url: string): Promise<void> {
  const target = new Target(url, Number(values.documents))
  try {
    const probed = await target.database()
    await target.bulk(probed, new Target(url, 1000).bodies())
    await target.withClient(4, client => measureWorks(target, client, probed))
  } finally {
    await target.close()
  }
}

async function measureWorks(target: Target, client: Client, probed: string): Promise<void> {
  const idle = () => beside(target.url, probed, () => new Promise(resolve => setTimeout(resolve, idleMs)))
  await idle()
  for (const { name, prepare } of chosen) {
    const work = await prepare(target, client)
    const before = await idle()
    const during = await beside(target.url, probed, work)
    const after = await idle()
    console.log(`${name}, ${(during.ms / 1000).toFixed(1)} s:`)
    for (const probe of ['gets', 'feed'] as const) {
      console.log(
        `  ${probe}: idle ${shown(before, probe)}, beside ${shown(during, probe)}, idle ${shown(after, probe)}`,
      )
    }
  }
}

function shown(latencies: Latencies, probe: 'gets' | 'feed'): string {
  const { p50, p99, max, count } = latencies[probe]
  return `${p50.toFixed(1)} / ${p99.toFixed(1)} / ${max.toFixed(0)} ms of ${count}`
}
