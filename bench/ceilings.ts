import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { startScript } from '../harness/child-server.ts'
import { Client, inParallel } from '../harness/client.ts'
import { benchDocument, documentId, numbers } from './documents.ts'
import { rateOf } from './timing.ts'

const PER_BATCH = 1000
const CLIENTS = 64
const READ_AHEAD_BYTES = 256 * 1024
const VIEWS = { keyEncoding: 'view', valueEncoding: 'view' } as const

type Store = Level<Uint8Array, Uint8Array>
type Pair = readonly [key: Uint8Array, value: Uint8Array]

/** Rates of `level` alone with the keys and bytes of so many documents: writes and rows a second. */
export async function levelCeilings(documents: number): Promise<{ batches: number; iterator: number }> {
  const dir = await mkdtemp(join(tmpdir(), 'couchette-ceiling-'))
  const store: Store = new Level(dir, VIEWS)
  try {
    await store.open()
    const batches = await batchesRate(store, documents)
    return { batches, iterator: await iteratorRate(store, documents) }
  } finally {
    await store.close()
    await rm(dir, { recursive: true, force: true })
  }
}

/** Requests a second of a node:http server that answers a constant, asked by 64 clients. */
export async function httpCeiling(requests: number): Promise<number> {
  const server = await startScript('bench/constant-server')
  const client = new Client(server.url, CLIENTS)
  try {
    return await rateOf(requests, () =>
      inParallel(CLIENTS, numbers(0, requests), async number => {
        await client.send('GET', `/database/${documentId(number)}`)
      }),
    )
  } finally {
    await client.close()
    await server.kill()
  }
}

/** Synced chained batches; the next is filled while the last one syncs. */
async function batchesRate(store: Store, documents: number): Promise<number> {
  const pairs = [...numbers(0, documents)].map(pairsOf)
  return rateOf(documents, async () => {
    let syncing = Promise.resolve()
    for (let from = 0; from < documents; from += PER_BATCH) {
      const batch = store.batch()
      for (const document of pairs.slice(from, from + PER_BATCH)) {
        for (const [key, value] of document) batch.put(key, value, VIEWS)
      }
      await syncing
      syncing = batch.write({ sync: true })
    }
    await syncing
  })
}

async function iteratorRate(store: Store, documents: number): Promise<number> {
  const range = { gte: key(3, ''), lt: key(4, '') }
  const iterator = store.iterator({ ...VIEWS, ...range, highWaterMarkBytes: READ_AHEAD_BYTES })
  let rows = 0
  const rate = await rateOf(documents, async () => {
    for (let page = await iterator.nextv(1000); page.length > 0; page = await iterator.nextv(1000))
      rows += page.length
  })
  await iterator.close()
  if (rows !== documents) throw new Error(`the iterator gave ${rows} rows`)
  return rate
}

/** A first edit's keys: the document's record, its row of the feed, and its body. */
function pairsOf(number: number): Pair[] {
  const { _id, ...body } = benchDocument(number)
  const seq = number.toString(16).padStart(12, '0')
  const row = `{"seq":"${number}-0123456789abcdef","id":"${_id}","changes":[{"rev":"1-${'0'.repeat(32)}"}]}`
  return [
    [key(1, _id), bytes('x'.repeat(48))],
    [key(3, seq), bytes(row)],
    [key(4, seq), bytes(JSON.stringify(body))],
  ]
}

function key(kind: number, rest: string): Uint8Array {
  return bytes(`\u0010\u0000\u0000\u0000\u0001${String.fromCharCode(kind)}${rest}`)
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text)
}
