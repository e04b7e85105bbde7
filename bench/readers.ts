// Measures live feeds of a server by its URL; see bench/README.md.
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { onOwnNode } from './own-node.ts'
import { SCENARIOS } from './readers/scenarios.ts'
import { Target } from './target.ts'

const HELP = `npm run bench:readers -- [--url URL] [--readers N] [NAME...]

  --url      the server, with an admin's credentials; without it a node is started on a temporary directory
  --readers  how many readers hang on (10000)
  NAME       the scenarios, by the beginning of their names: ${SCENARIOS.map(({ name }) => name).join(', ')}`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string' },
    readers: { type: 'string', default: '10000' },
    help: { type: 'boolean', default: false },
  },
})

const readers = Number(values.readers)
const chosen = SCENARIOS.filter(
  ({ name }) => positionals.length === 0 || positionals.some(part => name.startsWith(part)),
)

if (values.help) console.log(HELP)
else {
  requireDescriptors(readers + 1000)
  if (values.url !== undefined) await measure(values.url)
  else await onOwnNode(measure)
}

async function measure(url: string): Promise<void> {
  for (const scenario of chosen) {
    const target = new Target(url, 0)
    try {
      console.log(`${scenario.name}: ${await scenario.measure(target, readers)}`)
    } finally {
      await target.close()
    }
  }
}

/** Each feed is an open file of both processes, and a process cannot raise its own limit. */
function requireDescriptors(wanted: number): void {
  const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }))
  if (limit < wanted) {
    throw new Error(
      `${wanted} open files are needed, ${limit} are allowed: run \`ulimit -n ${wanted}\` before`,
    )
  }
}
