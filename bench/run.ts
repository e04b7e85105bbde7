// Measures a server by its URL, beside what the machine itself can do; see bench/README.md.
import { parseArgs } from 'node:util'
import { filesCeiling } from './attachments.ts'
import { httpCeiling, levelCeilings } from './ceilings.ts'
import { onOwnNode } from './own-node.ts'
import { table } from './table.ts'
import { Target } from './target.ts'
import { median } from './timing.ts'
import type { CeilingName } from './work.ts'
import { WORKS } from './works.ts'

const HELP = `npm run bench -- [--url URL] [--documents N] [--runs N] [NAME...]

  --url        the server, with an admin's credentials; without it a node is started on a temporary directory
  --documents  how many documents a work writes or reads (50000)
  --runs       how often each work is done; the median counts (3)
  NAME         the works to do, by the beginning of their names: ${WORKS.map(({ name }) => name).join(', ')}`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string' },
    documents: { type: 'string', default: '50000' },
    runs: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
})

const documents = Number(values.documents)
const runs = Number(values.runs)
const chosen = WORKS.filter(
  ({ name }) => positionals.length === 0 || positionals.some(part => name.startsWith(part)),
)

if (values.help) console.log(HELP)
else if (values.url !== undefined) await measureAll(values.url)
else await onOwnNode(measureAll)

/** The ceilings are measured between the works' runs, so that a slow minute of the machine slows both. */
async function measureAll(url: string): Promise<void> {
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
