import test from 'ava'
import { MemberLink } from '../../../harness/member-link.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { allKnow, closeAll, joinAll, memberIdOf, startNodes } from '../../helpers/mesh-nodes.ts'
import { meshRounds } from '../../helpers/mesh-rounds.ts'
import type { RunningServer } from '../../helpers/server.ts'

const FAR = { withinMs: 90_000 }

test.serial(
  'three nodes that are cut apart, written to at random and healed end with the same leaves',
  async t => {
    const { documents, conflicts } = await meshRounds({ nodes: 3, rounds: 2, seed: 7, writes: 6 })
    t.true(documents > 0)
    t.true(conflicts > 0, 'what was written on both sides is kept')
  },
)

test.serial(
  'between regions that are far from each other one member of each asks the other region',
  async t => {
    const nodes = await startNodes(3)
    t.teardown(() => closeAll(nodes))
    const links = new Map<RunningServer, MemberLink>()
    t.teardown(() => Promise.all([...links.values()].map(link => link.close())))
    const regionOf = (index: number): string => `region-${index % 2}`
    const ids = new Map<string, string>()
    for (const [index, node] of nodes.entries()) {
      const roundTripMs = (member: string): number => (ids.get(member) === regionOf(index) ? 0 : 80)
      const link = await MemberLink.start(node.couchette.port, member => ({
        roundTripMs: roundTripMs(member),
        loss: 0.01,
      }))
      links.set(node, link)
    }
    await joinAll(nodes, regionOf, node => links.get(node)!.url)
    for (const [index, node] of nodes.entries()) ids.set(await memberIdOf(node), regionOf(index))
    await allKnow(nodes)
    await call(nodes[0]!.url, 'PUT', '/app-far')
    await untilAt(nodes, '/app-far')

    const askedFromAfar = (): Set<string> => {
      const found = new Set<string>()
      for (const [index, node] of nodes.entries())
        for (const member of links.get(node)!.traffic.keys())
          if (ids.has(member) && ids.get(member) !== regionOf(index)) found.add(member)
      return found
    }
    // While a gateway is not known yet, or does not answer, another one stands in for it.
    let writes = 0
    await eventually(
      'two of three cross',
      async () => {
        for (const link of links.values()) link.traffic.clear()
        const path = `/app-far/d${writes++}`
        await call(nodes[writes % 3]!.url, 'PUT', path, { json: {} })
        await untilAt(nodes, path)
        return askedFromAfar().size === 2
      },
      FAR,
    )
    t.deepEqual([...askedFromAfar()].map(id => ids.get(id)).sort(), ['region-0', 'region-1'])
  },
)

async function untilAt(nodes: readonly RunningServer[], path: string): Promise<void> {
  for (const { url } of nodes)
    await eventually(`${path} is at ${url}`, async () => (await call(url, 'GET', path)).status === 200, FAR)
}
