// Two nodes hold the cities of the world, are written to on both sides while they replicate, and converge.
import { parseArgs } from 'node:util'
import { cityDocuments } from './demo/cities.ts'
import { compare } from './demo/compare.ts'
import { load } from './demo/load.ts'
import { withNodes } from './demo/nodes.ts'
import type { Node } from './demo/nodes.ts'
import { pullWhileWriting } from './demo/pull.ts'
import { replicateOnce } from './demo/replicate.ts'

const MOST_ROUNDS = 5

const { values } = parseArgs({ options: { documents: { type: 'string', default: 'Infinity' } } })
process.exitCode = (await withNodes(demo)) ? 0 : 1

async function demo(north: Node, south: Node): Promise<boolean> {
  const cities = cityDocuments(Number(values.documents))
  console.log(`${count(cities.length)} cities of the world, two nodes: north and south\n`)
  const loaded = await load(north, cities)
  const pull = await pullWhileWriting(north, south, cities.length)
  const moved = await settle(north, south)
  console.log(`
loaded into the north      ${count(cities.length)} documents, ${count(loaded)}/s
pulled by the south        ${count(cities.length)} documents, ${count(pull.rate)}/s
written during the pull    ${count(pull.notes)} new documents on both nodes
edited on both sides       ${count(pull.conflicts.length)} documents
followed on the south      ${count(pull.feedRows)} rows of the continuous feed
moved after it, both ways  ${count(moved)} revisions
`)
  const { documents, conflicted, differing, sameText } = await compare(north, south)
  return report([
    [
      `all leaves of ${count(documents)} documents agree, ${count(conflicted.size)} in conflict`,
      differing.length === 0,
    ],
    [
      'every document that was edited on both sides is in conflict',
      pull.conflicts.every(id => conflicted.has(id)),
    ],
    ['some documents were edited on both sides', pull.conflicts.length > 0],
    ['the documents have the same text on both nodes', sameText],
    ["the feed has every document's winner", pull.feedComplete],
  ])
}

/** Replicates both ways until nothing moves any more, and gives how many revisions moved. */
async function settle(north: Node, south: Node): Promise<number> {
  const pull = { source: north.database, target: south.database }
  const push = { source: south.database, target: north.database }
  let moved = 0
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const now = (await replicateOnce(south.client, pull)) + (await replicateOnce(south.client, push))
    if (now === 0) return moved
    moved += now
  }
  throw new Error('the nodes went on moving revisions that nobody had written')
}

function report(claims: readonly [claim: string, holds: boolean][]): boolean {
  for (const [claim, holds] of claims) console.log(`${holds ? '✓' : '✗ not so:'} ${claim}`)
  return claims.every(([, holds]) => holds)
}

function count(value: number): string {
  return value.toLocaleString('en')
}
