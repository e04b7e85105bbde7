// Long answers about many small documents, then about ten times as many: the memory that the server needs for each.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type ChildServer, startNode } from '../harness/child-server.ts'
import { Client } from '../harness/client.ts'
import { documentId, numbers } from './documents.ts'
import { ownMemoryDuring } from './peak-memory.ts'
import { markdown, thousands } from './table.ts'

/** The most that `_bulk_docs` and `_bulk_get` take. */
const PER_REQUEST = 10_000
const KEYS = 100_000

interface Answer {
  readonly name: string
  readonly rows: number
  readonly read: (client: Client) => Promise<void>
}

const { values } = parseArgs({ options: { documents: { type: 'string', default: '1000000' } } })
const most = Number(values.documents)
const sizes = [most / 10, most]

async function load(client: Client, documents: number): Promise<void> {
  await client.json('PUT', '/db', 201)
  for (let from = 0; from < documents; from += PER_REQUEST) {
    const docs = [...numbers(from, Math.min(from + PER_REQUEST, documents))].map(number => ({
      _id: documentId(number),
      number,
    }))
    await client.json('POST', '/db/_bulk_docs', 201, JSON.stringify({ docs }))
  }
}

function answers(documents: number): Answer[] {
  const all = (path: string) => ({ name: path, rows: documents, read: reading('GET', path, documents) })
  const ids = [...numbers(0, Math.min(documents, KEYS))].map(documentId)
  const some = ids.slice(0, PER_REQUEST)
  const byKeys = reading('POST', '_all_docs?include_docs=true', ids.length, { keys: ids })
  const inBulk = reading('POST', '_bulk_get', some.length, { docs: some.map(id => ({ id })) })
  return [
    all('_all_docs'),
    all('_all_docs?include_docs=true'),
    all('_changes'),
    all('_changes?include_docs=true'),
    { name: '_all_docs of keys, with documents', rows: ids.length, read: byKeys },
    { name: '_bulk_get', rows: some.length, read: inBulk },
  ]
}

/** Reads an answer without keeping it; it must have a line for each row. */
function reading(method: string, path: string, rows: number, body?: unknown) {
  const sent = body === undefined ? undefined : JSON.stringify(body)
  return async (client: Client): Promise<void> => {
    const { status, lines } = await client.drain(method, `/db/${path}`, sent)
    if (status !== 200 || lines < rows) throw new Error(`${path}: ${status}, ${lines} lines`)
  }
}

async function onNode<Result>(
  dir: string,
  use: (client: Client, node: ChildServer) => Promise<Result>,
): Promise<Result> {
  const node = await startNode(dir)
  const client = new Client(node.url, 1)
  try {
    return await use(client, node)
  } finally {
    await client.close()
    await node.stop()
  }
}

/** Each answer on a node that was just started, so that nothing is left of the one before. */
async function measure(dir: string, { name, rows, read }: Answer): Promise<string[]> {
  const memory = await onNode(dir, (client, node) => ownMemoryDuring(node, () => read(client)))
  return [name, thousands(rows), `${memory} MB`]
}

const table: string[][] = []
for (const documents of sizes) {
  const dir = await mkdtemp(join(tmpdir(), 'couchette-long-'))
  try {
    await onNode(dir, client => load(client, documents))
    for (const answer of answers(documents)) table.push(await measure(dir, answer))
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
console.log(markdown([['answer', 'rows', 'most memory'], ...table]))
