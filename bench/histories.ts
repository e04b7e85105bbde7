// What a document costs with all that it remembers: trees of 100, 1,000 and 10,000 revisions, through HTTP.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNode } from '../harness/child-server.ts'
import { Client } from '../harness/client.ts'
import { markdown } from './table.ts'

const SIZES = [100, 1_000, 10_000]
const ROUNDS = 41

/** Deterministic 32-digit hashes. */
const hash = (branch: number, generation: number): string =>
  (branch * 1_000_003 + generation).toString(16).padStart(32, '0')

interface Shape {
  readonly name: string
  /** How many branches leave the first revision of a tree of so many revisions. */
  readonly branches: (size: number) => number
}

const SHAPES: readonly Shape[] = [
  { name: 'line', branches: () => 1 },
  { name: 'bush', branches: size => size / 10 },
]

/** The leaves of a document, each with its history back to the one first revision. */
function leavesOf(id: string, size: number, branches: number): unknown[] {
  const length = size / branches
  return Array.from({ length: branches }, (_, branch) => ({
    _id: id,
    _revisions: {
      start: length + 1,
      ids: [...Array.from({ length }, (_none, back) => hash(branch + 1, length + 1 - back)), hash(0, 1)],
    },
    number: branch,
  }))
}

const dir = await mkdtemp(join(tmpdir(), 'couchette-histories-'))
const node = await startNode(dir)
const client = new Client(node.url, 1)

/** The fastest of many requests, in microseconds: what others do on the machine does not count. */
async function time(request: () => Promise<unknown>): Promise<number> {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now()
    await request()
    best = Math.min(best, (performance.now() - started) * 1000)
  }
  return best
}

async function measure(shape: Shape, size: number): Promise<string[]> {
  const id = `${shape.name}-${size}`
  const docs = leavesOf(id, size, shape.branches(size))
  await client.json('POST', '/db/_bulk_docs', 201, JSON.stringify({ docs, new_edits: false }))
  const get = (query: string) => () => client.json('GET', `/db/${id}${query}`, 200)
  const conflicts = await client.json<{ _conflicts?: string[] }>('GET', `/db/${id}?conflicts=true`, 200)
  if ((conflicts._conflicts?.length ?? 0) !== docs.length - 1) throw new Error(`${id}: conflicts are missing`)
  let { _rev: rev } = await client.json<{ _rev: string }>('GET', `/db/${id}`, 200)
  const put = async () => {
    const body = JSON.stringify({ _rev: rev })
    rev = (await client.json<{ rev: string }>('PUT', `/db/${id}`, 201, body)).rev
  }
  const times = {
    get: await time(get('')),
    revs: await time(get('?revs=true')),
    meta: await time(get('?meta=true')),
    leaves: await time(get('?open_revs=all&revs=true')),
    put: await time(put),
  }
  return [shape.name, String(size), String(docs.length), ...Object.values(times).map(asCell(size))]
}

/** Microseconds, and nanoseconds for each revision of the tree. */
function asCell(size: number): (microseconds: number) => string {
  return time => `${Math.round(time)} (${Math.round((time * 1000) / size)})`
}

try {
  await client.json('PUT', '/db', 201)
  await client.json('PUT', '/db/_revs_limit', 200, '20000')
  const rows: string[][] = []
  for (const shape of SHAPES) for (const size of SIZES) rows.push(await measure(shape, size))
  const head = ['shape', 'revisions', 'leaves', 'GET', 'revs', 'meta', 'open_revs=all&revs=true', 'PUT']
  console.log(markdown([head, ...rows]))
} finally {
  await client.close()
  await node.stop()
  await rm(dir, { recursive: true, force: true })
}
