// Measures the cost of encryption at rest: the same works on a plain and an encrypted node, in turn; see bench/README.md.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startNode } from '../harness/child-server.ts'
import { markdown, thousands } from './table.ts'
import { Target } from './target.ts'
import { median } from './timing.ts'
import { WORKS } from './works.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    documents: { type: 'string', default: '20000' },
    runs: { type: 'string', default: '3' },
  },
})

const chosen = WORKS.filter(
  ({ name }) => positionals.length === 0 || positionals.some(part => name.startsWith(part)),
)
const key = randomBytes(32).toString('hex')
const plain = new Map<string, number[]>()
const encrypted = new Map<string, number[]>()

await onNode({}, first =>
  onNode({ COUCHETTE_ENCRYPTION_KEY: key }, async second => {
    for (let run = 0; run < Number(values.runs); run++) {
      for (const work of chosen) {
        note(plain, work.name, await work.measure(first))
        note(encrypted, work.name, await work.measure(second))
      }
    }
  }),
)
console.log(markdown([['work', 'plain', 'encrypted', 'share'], ...chosen.map(row)]))

async function onNode(
  env: Readonly<Record<string, string>>,
  measure: (target: Target) => Promise<void>,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'couchette-bench-'))
  const node = await startNode(dir, env)
  const target = new Target(node.url, Number(values.documents))
  try {
    await measure(target)
  } finally {
    await target.close()
    await node.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

function note(rates: Map<string, number[]>, name: string, rate: number): void {
  rates.set(name, [...(rates.get(name) ?? []), rate])
}

function row({ name, unit }: (typeof chosen)[number]): string[] {
  const [without, sealed] = [plain, encrypted].map(rates => median(rates.get(name) ?? []))
  if (without === undefined || sealed === undefined) return [name]
  const share = `${Math.round((sealed / without) * 100)}%`
  return [name, `${thousands(without)} ${unit}`, `${thousands(sealed)} ${unit}`, share]
}
