import test from 'ava'
import fc from 'fast-check'
import { simulate } from '../../../harness/mesh/simulate.ts'
import { MemberHealth } from '../../../protocol/mesh/member-health.ts'
import { Topology, type TopologyMember } from '../../../protocol/mesh/topology.ts'

function membersOf(count: number, regions = 1): TopologyMember[] {
  return Array.from({ length: count }, (_, n) => ({ id: `m${n}`, region: `r${n % regions}` }))
}

/** Returns the members that what is written at one reaches, by pulls alone, and the hops to the last. */
function reached(members: readonly TopologyMember[], from: string, alive: (id: string) => boolean) {
  const topology = new Topology(members)
  const living = members.map(({ id }) => id).filter(alive)
  const sources = new Map(living.map(id => [id, topology.neighbours(id, alive)]))
  const found = new Set([from])
  let hops = 0
  for (let size = 0; size < found.size; hops++) {
    size = found.size
    const before = new Set(found)
    for (const [id, pulls] of sources) if (pulls.some(other => before.has(other))) found.add(id)
  }
  return { found, living, hops: hops - 1 }
}

test('up to five members pull from all others', t => {
  const members = membersOf(5)
  const topology = new Topology(members)
  for (const { id } of members)
    t.deepEqual(
      topology.neighbours(id, () => true).sort(),
      members.map(other => other.id).filter(other => other !== id),
    )
  t.deepEqual(
    topology.neighbours('stranger', () => true),
    [],
  )
})

test('whatever members and regions there are and do not answer, a change reaches all that do', t => {
  const meshes = fc.record({
    count: fc.integer({ min: 1, max: 60 }),
    regions: fc.integer({ min: 1, max: 8 }),
    dead: fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { maxLength: 40 }),
  })
  fc.assert(
    fc.property(meshes, ({ count, regions, dead }) => {
      const gone = new Set(dead.map(n => `m${n}`))
      const members = membersOf(count, regions)
      const from = members.find(({ id }) => !gone.has(id))
      if (from === undefined) return
      const { found, living } = reached(members, from.id, id => !gone.has(id))
      return found.size === living.length
    }),
    { numRuns: 60 },
  )
  t.pass()
})

test('hops and neighbours grow with the logarithm of the members', t => {
  for (const count of [10, 100, 400]) {
    const members = membersOf(count)
    const { found, hops } = reached(members, 'm0', () => true)
    t.is(found.size, count)
    t.true(hops <= Math.ceil(Math.log2(count)) + 1, `${count} members: ${hops} hops`)
    const topology = new Topology(members)
    for (const { id } of members)
      t.true(topology.neighbours(id, () => true).length <= Math.ceil(Math.log2(count)) + 1)
  }
})

test('a member that joins changes the neighbours of few others', t => {
  const [before, after] = [new Topology(membersOf(200)), new Topology(membersOf(201))]
  const changed = membersOf(200).filter(
    ({ id }) => String(before.neighbours(id, () => true)) !== String(after.neighbours(id, () => true)),
  )
  t.true(changed.length < 40, `${changed.length} of 200`)
})

test('one member of a region pulls for it from another, and the next one when that does not answer', t => {
  const members = membersOf(24, 3)
  const topology = new Topology(members)
  const gatewaysOf = (alive: (id: string) => boolean) =>
    members.filter(
      ({ id, region }) =>
        region === 'r0' &&
        alive(id) &&
        topology
          .neighbours(id, alive)
          .some(other => other.startsWith('m') && Number(other.slice(1)) % 3 === 1),
    )
  const [first, ...more] = gatewaysOf(() => true)
  t.deepEqual(more, [])
  const [second] = gatewaysOf(id => id !== first?.id)
  t.not(second?.id, first?.id)
  t.true(topology.watched(second!.id, () => true).includes(first!.id), 'it watches the one before it')
})

test('a member is routed around after two questions without an answer, asked ever more seldom, and taken back', t => {
  const health = new MemberHealth({ probeEveryMs: 1000, failuresToDown: 2, maxRetryMs: 3000 })
  t.deepEqual(health.due(['a'], 0), ['a'])
  t.false(health.failed('a', 0))
  t.true(health.isReachable('a'))
  t.deepEqual(health.due([], 999), [])
  t.deepEqual(health.due([], 1000), ['a'], 'though nobody watches it any more')
  t.true(health.failed('a', 1000))
  t.deepEqual(health.unreachable, ['a'])
  t.deepEqual(health.due(['a'], 2999), [])
  health.failed('a', 3000)
  t.deepEqual(health.due(['a'], 5999), [])
  t.deepEqual(health.due(['a'], 6000), ['a'])
  t.true(health.answered('a', 6000))
  t.true(health.isReachable('a'))
  health.failed('a', 7000)
  health.keepOnly(new Set())
  t.deepEqual(health.due([], 100_000), [])
})

test('in virtual time: 150 members in three regions, halves that are cut apart, members that are killed and replaced', t => {
  const mesh = simulate(150, 3)
  t.true(mesh.maxHops <= 12, `${mesh.maxHops} hops`)
  t.is(mesh.bodiesPerChange, 1)
  t.true(mesh.crossings < 1.3, `${mesh.crossings} crossings of a body into another region`)
  t.true(mesh.healMs < 15_000, `healed after ${mesh.healMs} ms`)
})
