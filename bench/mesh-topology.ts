import { simulate } from '../harness/mesh/simulate.ts'
import { markdown } from './table.ts'

/** `node dist/bench/mesh-topology.js`: the topology of meshes of up to 10,000 members, in virtual time. */
const SIZES = [
  [10, 1],
  [100, 1],
  [1000, 1],
  [10_000, 1],
  [1000, 5],
  [10_000, 8],
] as const

const rows = SIZES.map(([members, regions]) => {
  const mesh = simulate(members, regions)
  return [
    String(members),
    String(regions),
    mesh.neighbours.toFixed(1),
    `${mesh.meanHops.toFixed(1)} / ${mesh.maxHops}`,
    mesh.bodiesPerChange.toFixed(3),
    mesh.rowsPerChange.toFixed(1),
    mesh.crossings.toFixed(2),
    `${(mesh.convergedMs / 1000).toFixed(2)} s`,
    `${(mesh.healMs / 1000).toFixed(1)} s`,
    `${(mesh.churnMs / 1000).toFixed(1)} s`,
  ]
})
const heads = [
  ...['members', 'regions', 'neighbours', 'hops mean/max', 'bodies per change and member', 'rows'],
  ...['crossings', 'all have it', 'healed', 'a tenth gone'],
]
console.log(markdown([heads, ...rows]))
