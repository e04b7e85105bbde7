import { Simulation } from './simulation.ts'

/** Results of one size of a mesh. */
export interface SimulatedMesh {
  readonly members: number
  readonly regions: number
  readonly neighbours: number
  readonly maxHops: number
  readonly meanHops: number
  readonly convergedMs: number
  /** Bodies that came to each member, for each change: 1 where none came twice. */
  readonly bodiesPerChange: number
  readonly rowsPerChange: number
  /** Times that a body crossed into another region, for each change and each other region. */
  readonly crossings: number
  readonly healMs: number
  readonly churnMs: number
}

const WRITES = 10
const MOST_MS = 300_000

/** Writes, cuts the network in halves, heals it, kills a tenth of the members and replaces them, in virtual time. */
export function simulate(members: number, regions: number, seed = 1): SimulatedMesh {
  const mesh = new Simulation({ members, regions, seed })
  const neighbours = mesh.degree.mean
  const changes = Array.from({ length: WRITES }, () => mesh.writeSomewhere())
  if (mesh.runUntilEqual(MOST_MS) === undefined) throw new Error('no convergence')
  const reports = changes.map(change => mesh.report(change))
  if (reports.some(({ reached }) => reached !== members)) throw new Error('a change is missing')
  const { bodies, rows, farBodies, duplicates } = { ...mesh.traffic }

  mesh.partition(member => (member < members / 2 ? 0 : 1))
  for (let n = 0; n < WRITES; n++) {
    mesh.writeSomewhere(n % 2)
    mesh.run(1000)
  }
  mesh.heal()
  const healMs = mesh.runUntilEqual(MOST_MS)
  if (healMs === undefined) throw new Error('not healed')

  const dead = Array.from({ length: Math.ceil(members / 10) }, () => mesh.random(members))
  for (const member of dead) mesh.kill(member)
  for (let n = 0; n < WRITES / 2; n++) mesh.writeSomewhere()
  const churnMs = mesh.runUntilEqual(MOST_MS)
  if (churnMs === undefined) throw new Error('members that are gone hold up the others')
  for (const member of dead.slice(0, 3)) mesh.replace(member)
  for (const member of dead.slice(3)) mesh.revive(member)
  if (mesh.runUntilEqual(MOST_MS) === undefined) throw new Error('new members do not catch up')
  return {
    members,
    regions,
    neighbours,
    maxHops: Math.max(...reports.map(({ maxHops }) => maxHops)),
    meanHops: reports.reduce((sum, { meanHops }) => sum + meanHops, 0) / WRITES,
    convergedMs: Math.max(...reports.map(({ tookMs }) => tookMs)),
    bodiesPerChange: (bodies + duplicates) / WRITES / (members - 1),
    rowsPerChange: rows / WRITES / members,
    crossings: regions === 1 ? 0 : farBodies / WRITES / (regions - 1),
    healMs,
    churnMs,
  }
}
