// Measures a server by its URL, beside what the machine itself can do; see bench/README.md.
import { parseArgs } from 'node:util'
import { compare } from './against.ts'
import { filesCeiling } from './attachments.ts'
import { httpCeiling, levelCeilings } from './ceilings.ts'
import { onOwnNode } from './own-node.ts'
import { table } from './table.ts'
import { Target } from './target.ts'
import { median } from './timing.ts'
import type { CeilingName } from './work.ts'
import { WORKS } from './works.ts'
import { hasWrk, wrkWorks } from './wrk.ts'

const ALL = hasWrk() ? [...WORKS, ...wrkWorks] : WORKS

const HELP = `npm run bench -- [--url URL] [--against URL] [--documents N] [--runs N] [NAME...]

  --url        the server, with an admin's credentials; without it a node is started on a temporary directory
  --against    another server, which does each work in turn with the first: prints the ratios, and no ceilings
  --pids       N,N: the processes of the two servers, whose processor time is compared too (Linux)
  --documents  how many documents a work writes or reads (50000)
  --runs       how often each work is done; the median counts (3)
  NAME         the works to do, by the beginning of their names: ${ALL.map(({ name }) => name).join(', ')}`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string' },
    against: { type: 'string' },
    pids: { type: 'string', default: '' },
    documents: { type: 'string', default: '50000' },
    runs: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
})

const documents = Number(values.documents)
const runs = Number(values.runs)
const chosen = ALL.filter(
  ({ name }) => positionals.length === 0 || positionals.some(part => name.startsWith(part)),
)

if (values.help) console.log(HELP)
else if (values.url !== undefined) await measureAll(values.url)
else await onOwnNode(measureAll)

/** Measures what was chosen. The ceilings are measured between the works' runs, so that a slow minute of the machine slows both. */
async function measureAll(url: string): Promise<void> {
  if (values.against !== undefined) {
    const pids = values.pids.split(',').filter(Boolean).map(Number)
    console.log(await compare(chosen, [url, values.against], { documents, runs, pids }))
    return
  }
  const target = new Target(url, documents)
  const rates = new Map<string, number[]>()
  const note = (name: string, rate: number) => {
    rates.set(name, [...(rates.get(name) ?? []), rate])
    console.error(`${name}: ${Math.round(rate).toLocaleString('en')} a second`)
  }
  try {
    for (let run = 0; run < runs; run++) {
      await measureCeilings(note)
      for (const work of chosen) note(work.name, await work.measure(target))
    }
  } finally {
    await target.close()
  }
  console.log(table(chosen, name => median(rates.get(name) ?? [])))
}

async function measureCeilings(note: (name: CeilingName, rate: number) => void): Promise<void> {
  const needed = new Set(chosen.map(({ ceiling }) => ceiling))
  if (needed.has('level batches') || needed.has('level iterator')) {
    const { batches, iterator } = await levelCeilings(documents)
    note('level batches', batches)
    note('level iterator', iterator)
  }
  if (needed.has('node:http')) note('node:http', await httpCeiling(documents))
  if (chosen.some(({ unit }) => unit === 'MB/s')) await filesCeiling(documents, needed, note)
}
