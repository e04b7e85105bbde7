import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { httpNode, memoryNode } from '../../helpers/conflict-nodes.ts'
import { POLICIES } from '../../helpers/policy-nodes.ts'
import { startServer } from '../../helpers/server.ts'
import { commands, converge, givePolicies, IDS, type Nodes, Written } from './model.ts'

/** Runs of each policy: few in the normal tests, as many as are wanted by hand. */
const RUNS = Number(process.env.MODEL_RUNS ?? 12)
const HTTP_RUNS = Number(process.env.MODEL_RUNS ?? 2)
const SEED = process.env.MODEL_SEED === undefined ? {} : { seed: Number(process.env.MODEL_SEED) }

/** Rounds in which nodes become equal, and revisions that an edit may lead to. */
const MOST_ROUNDS = 8
const MOST_PER_EDIT = 8

type PolicyName = keyof typeof POLICIES

async function checkRun(
  t: ExecutionContext,
  name: PolicyName,
  nodes: Nodes,
  some: number,
  script: Iterable<fc.AsyncCommand<Written, Nodes>>,
): Promise<void> {
  const written = new Written()
  try {
    await givePolicies(nodes, POLICIES[name], some)
    await fc.asyncModelRun(() => ({ model: written, real: nodes }), script)
    // One node that resolves is enough.
    nodes.all[0]!.resolves = true
    const rounds = await converge(nodes)
    if (rounds > MOST_ROUNDS) throw new Error(`${rounds} rounds`)
    for (const id of IDS) await checkDocument(nodes, id, name, written)
    for (const { conflicts = 0 } of nodes.all) if (conflicts > 0) throw new Error(`${conflicts} conflicts`)
    t.pass()
  } finally {
    await Promise.all(nodes.all.map(one => one.close()))
  }
}

/** @throws Error with what does not hold, so that a shorter script for it is looked for */
async function checkDocument(nodes: Nodes, id: string, name: PolicyName, written: Written): Promise<void> {
  const shapes = await Promise.all(nodes.all.map(one => one.shape(id)))
  for (const shape of shapes)
    if (shape.join() !== shapes[0]!.join()) throw new Error(`other leaves: ${JSON.stringify(shapes)}`)
  const live = shapes[0]!.filter(leaf => !leaf.endsWith(' deleted'))
  if (live.length > 1) throw new Error(`in conflict: ${live.join()}`)
  const most = MOST_PER_EDIT * (written.edits + 2)
  for (const one of nodes.all)
    if ((one.revisions(id) ?? 0) > most)
      throw new Error(`${one.revisions(id)} revisions after ${written.edits} edits`)
  const tags = written.tags.get(id) ?? []
  if (written.deleted.has(id) || tags.length === 0) return
  for (const one of nodes.all) {
    const body = await one.winner(id)
    if (body === undefined) throw new Error('a document that nobody deleted is gone')
    checkKept(body, id, name, written)
  }
}

/** Checks that what the policy must keep was kept. */
function checkKept(
  body: Readonly<Record<string, unknown>>,
  id: string,
  name: PolicyName,
  written: Written,
): void {
  const numbers = written.numbers.get(id) ?? []
  const is = (what: string, found: unknown, wanted: unknown): void => {
    if (found !== wanted) throw new Error(`${what} is ${String(found)}, and should be ${String(wanted)}`)
  }
  if (name === 'latest' || name === 'merged') is('at', body.at, written.latest.get(id))
  if (name === 'union' || name === 'merged')
    for (const tag of written.tags.get(id) ?? [])
      is(`${tag} in the tags`, (body.tags as string[]).includes(tag), true)
  if (name !== 'union') return
  is('high', body.high, Math.max(...numbers))
  is('low', body.low, Math.min(...numbers))
  for (const file of written.attachments.get(id) ?? [])
    is(`attachment ${file}`, file in ((body._attachments as object | undefined) ?? {}), true)
}

const some = fc.nat(31)

for (const name of Object.keys(POLICIES) as PolicyName[]) {
  test(`${name}: whatever nodes do and whoever has the policy, they end equal, without conflicts, and keep what is to be kept`, async t => {
    const property = fc.asyncProperty(
      fc.integer({ min: 3, max: 5 }),
      some,
      commands,
      async (count, bits, script) => {
        const all = await Promise.all(Array.from({ length: count }, memoryNode))
        await checkRun(t, name, { all }, bits, script)
      },
    )
    await fc.assert(property, { numRuns: RUNS, ...SEED })
  })
}

test('the same where one of the nodes is spoken to by HTTP and resolves nothing', async t => {
  const couch = process.env.COUCH_URL
  const server =
    couch === undefined
      ? await startServer({ settings: [{ section: 'conflicts', key: 'resolve', value: 'false' }] })
      : undefined
  t.teardown(() => server?.close())
  let made = 0
  const name = fc.constantFrom(...(Object.keys(POLICIES) as PolicyName[]))
  const property = fc.asyncProperty(name, some, commands, async (policy, bits, script) => {
    const remote = await httpNode(couch ?? server!.url, `model-${process.pid}-${made++}`)
    const all = [await memoryNode(), remote, await memoryNode()]
    await checkRun(t, policy, { all }, bits, script)
  })
  await fc.assert(property, { numRuns: HTTP_RUNS, ...SEED })
})
