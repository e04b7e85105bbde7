import { parseArgs } from 'node:util'
import { EDITS_HEADS, measureEdits } from './mesh/edits.ts'
import { LOAD_HEADS, measureLoad } from './mesh/load.ts'
import { measureOutage, OUTAGE_HEADS } from './mesh/outage.ts'
import { measureRegions, REGIONS_HEADS } from './mesh/regions.ts'
import { markdown } from './table.ts'

/**
 * `node dist/bench/mesh.js [load|outage|edits|regions] …`: meshes of processes on this machine.
 *
 *     load     --nodes 3,10,30 --documents 3000   documents a second when all members are written to, time until all have all,
 *                                                 bodies for each change and member, hops, and latencies of `w`
 *     outage   --nodes 10,30                      a member whose process stands still, and goes on
 *     edits    --sizes 10000,100000,1000000       bytes that an edit of a large document costs
 *     regions  --nodes 9 --regions 3 --round-trips 0,80,300 --loss 0.01
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string' },
    documents: { type: 'string', default: '3000' },
    sizes: { type: 'string', default: '10000,100000,1000000' },
    regions: { type: 'string', default: '3' },
    'round-trips': { type: 'string', default: '0,80,300' },
    loss: { type: 'string', default: '0.01' },
  },
})

function numbers(text: string): number[] {
  return text.split(',').map(Number)
}

async function rowsOf(list: string, row: (value: number) => Promise<string[]>): Promise<string[][]> {
  const rows: string[][] = []
  for (const value of numbers(list)) rows.push(await row(value))
  return rows
}

const [what = 'load'] = positionals
const { nodes, regions, loss } = values
const measures: Record<string, () => Promise<string[][]>> = {
  load: async () => [
    LOAD_HEADS,
    ...(await rowsOf(nodes ?? '3,10,30', count => measureLoad(count, Number(values.documents)))),
  ],
  outage: async () => [OUTAGE_HEADS, ...(await rowsOf(nodes ?? '10', measureOutage))],
  edits: async () => [EDITS_HEADS, ...(await rowsOf(values.sizes, measureEdits))],
  regions: async () => [
    REGIONS_HEADS,
    ...(await rowsOf(values['round-trips'], roundTripMs =>
      measureRegions(Number(nodes ?? 9), Number(regions), { roundTripMs, loss: Number(loss) }),
    )),
  ],
}
const measure = measures[what]
if (measure === undefined) throw new Error(`nothing is called ${what}: ${Object.keys(measures).join(', ')}`)
console.log(markdown(await measure()))
