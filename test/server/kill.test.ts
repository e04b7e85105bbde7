import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { call } from '../helpers/http.ts'
import { recountedDigest, toldDigest } from '../helpers/recount-digest.ts'
import { moduleUrl, program } from '../../harness/project.ts'
import { eventually } from '../helpers/eventually.ts'
import { spawnServer } from '../helpers/spawn-server.ts'
import { tempDir } from '../helpers/temp.ts'

const PER_REQUEST = 50
const LOADERS = 4
const ACKNOWLEDGED_PER_ROUND = 1500

interface ChangesRow {
  readonly seq: string
  readonly id: string
  readonly changes: readonly { readonly rev: string }[]
}

/** Ids and revisions of the documents that the server said are stored. */
type Acknowledged = Map<string, string>

interface Load {
  readonly rounds: number
  readonly env?: Readonly<Record<string, string>>
}

test('a server in a process of its own ends with what started it', async t => {
  const dir = await tempDir()
  const code = `
    const { startNode } = await import(${JSON.stringify(moduleUrl('harness/child-server'))})
    process.stdout.write((await startNode(${JSON.stringify(dir.path)})).url)
    setInterval(() => undefined, 1000)`
  const loader = program('harness/child-server').slice(0, -1)
  const parent = spawn(process.execPath, [...loader, '--input-type=module', '--eval', code])
  t.teardown(() => parent.kill('SIGKILL'))
  const [url] = (await once(parent.stdout, 'data')) as [Buffer]
  const answers = () =>
    call(url.toString(), 'GET', '/').then(
      () => true,
      () => false,
    )
  t.true(await answers())
  parent.kill('SIGKILL')
  await eventually('the server ends', async () => !(await answers()))
  t.pass()
  await dir.remove()
})

const survivesKills = test.macro(async (t, { rounds, env }: Load) => {
  const dir = await tempDir()
  const acknowledged: Acknowledged = new Map()
  let lastSeq = 0
  try {
    for (let round = 0; round < rounds; round++) {
      const server = await spawnServer(dir.path, env)
      try {
        if (round === 0) await call(server.url, 'PUT', '/load')
        else lastSeq = await verify(t, server.url, { acknowledged, lastSeq })
        await loadUntilKilled(server, round, acknowledged)
      } finally {
        await server.kill()
      }
    }
    const server = await spawnServer(dir.path, env)
    try {
      await verify(t, server.url, { acknowledged, lastSeq })
      t.true(acknowledged.size >= rounds * ACKNOWLEDGED_PER_ROUND)
    } finally {
      await server.kill()
    }
  } finally {
    await dir.remove()
  }
})

test(
  'P4: after kill -9 during a bulk load, every acknowledged document is there and the feed lists each once',
  survivesKills,
  { rounds: 4 },
)

test('so it is with an encrypted store', survivesKills, {
  rounds: 2,
  env: { COUCHETTE_ENCRYPTION_KEY: 'c0'.repeat(32) },
})

/** Several loaders insert, and edit what they inserted, until so much is acknowledged; the others are cut off. */
async function loadUntilKilled(
  server: { url: string; kill(): Promise<void> },
  round: number,
  acknowledged: Acknowledged,
): Promise<void> {
  const enough = acknowledged.size + ACKNOWLEDGED_PER_ROUND
  let killed = false
  const loader = async (number: number) => {
    for (let batch = 0; !killed; batch++) {
      const prefix = `${round}-${number}-${batch}`
      try {
        const inserted = await bulk(server.url, newDocuments(prefix), acknowledged)
        await bulk(server.url, inserted.slice(0, 5), acknowledged)
      } catch (error) {
        if (!killed) throw error
      }
      if (acknowledged.size >= enough && !killed) {
        killed = true
        await server.kill()
      }
    }
  }
  await Promise.all(Array.from({ length: LOADERS }, (_, number) => loader(number)))
}

function newDocuments(prefix: string): { _id: string }[] {
  return Array.from({ length: PER_REQUEST }, (_, i) => ({ _id: `${prefix}-${i}`, text: 'x'.repeat(300) }))
}

/** Gives the documents with the revisions under which they are stored now. */
async function bulk(url: string, docs: readonly { _id: string }[], acknowledged: Acknowledged) {
  const { status, body } = await call<{ id: string; rev: string }[]>(url, 'POST', '/load/_bulk_docs', {
    json: { docs },
  })
  if (status !== 201) throw new Error(`_bulk_docs: ${status}`)
  for (const { id, rev } of body) acknowledged.set(id, rev)
  return body.map(({ id, rev }) => ({ _id: id, _rev: rev, edited: true }))
}

/** Checks the feed, the list of documents and the database's counts against each other; gives the update sequence. */
async function verify(
  t: ExecutionContext,
  url: string,
  { acknowledged, lastSeq }: { acknowledged: Acknowledged; lastSeq: number },
): Promise<number> {
  const feed = await call<{ results: ChangesRow[]; last_seq: string }>(url, 'GET', '/load/_changes?since=0')
  const list = await call<{ rows: { id: string; value: { rev: string } }[] }>(
    url,
    'GET',
    '/load/_all_docs?include_docs=true',
  )
  const info = await call<{ doc_count: number; update_seq: string }>(url, 'GET', '/load')
  const { results } = feed.body
  const stored = new Map(list.body.rows.map(({ id, value }) => [id, value.rev]))

  const lost = [...acknowledged].filter(([id, rev]) => !isAtLeast(stored.get(id), rev))
  t.deepEqual(lost, [], 'acknowledged documents are missing')
  t.is(new Set(results.map(({ id }) => id)).size, results.length, 'the feed lists a document twice')
  const unlike = results.filter(({ id, changes }) => stored.get(id) !== changes[0]?.rev)
  t.deepEqual(unlike, [], 'the feed and the list of documents differ')
  t.is(results.length, stored.size)
  t.is(info.body.doc_count, stored.size)
  t.is(await toldDigest(url, 'load'), await recountedDigest(url, 'load'), 'the digest fits the documents')

  const seqs = results.map(({ seq }) => parseInt(seq, 10))
  t.true(
    seqs.every((seq, i) => i === 0 || seq > (seqs[i - 1] ?? 0)),
    'sequences grow',
  )
  const updateSeq = parseInt(info.body.update_seq, 10)
  t.true(updateSeq >= lastSeq && updateSeq >= (seqs.at(-1) ?? 0), 'the update sequence does not go back')
  return updateSeq
}

/** An edit whose answer was cut off may be stored or not; what was acknowledged before it must be its ancestor. */
function isAtLeast(stored: string | undefined, acknowledged: string): boolean {
  if (stored === undefined) return false
  return stored === acknowledged || parseInt(stored, 10) > parseInt(acknowledged, 10)
}
